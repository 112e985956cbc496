/**
 * Measures how fast the cache directory's disk writes and reads: a file without a name, so that
 * nothing is left whatever happens, at most 256 MiB, for a few seconds.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemDisk } from '../../config/capacity.js';
import { formatSize } from '../../config/units.js';
import type { Clock } from '../../model/time.js';
import { fail, type Finding, ok, warn } from './finding.js';

/** The most that is written. */
const MAX_BYTES = 256 * 2 ** 20;
/** Of free space, at most this share: a disk that is nearly full is not filled up. */
const FREE_SHARE = 0.1;
/** As a chunk: what Forebay writes and reads at once. */
const PIECE_BYTES = 8 * 2 ** 20;
/** Each half ends after this time. */
const MAX_MS = 5_000;
/** A line of 10 Gbit/s brings 1250 MB/s; below a fifth of it the disk is what clients wait for. */
const SLOW_WRITE_BYTES_PER_S = 250e6;
const SLOW_READ_BYTES_PER_S = 500e6;
const WASM_PAGE_BYTES = 65_536;

/** Missing in the types of this library; Node has it. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

interface Measured {
  readonly bytes: number;
  readonly ms: number;
}

/** Writes and reads in `directory`, which exists. Never rejects: what fails is a finding. */
export async function checkDiskSpeed(
  directory: string,
  clock: Clock,
  freeBytes = systemDisk.freeBytes(directory),
): Promise<readonly Finding[]> {
  const most = Math.min(MAX_BYTES, Math.floor(freeBytes * FREE_SHARE));
  const pieces = Math.floor(most / PIECE_BYTES);
  if (pieces < 1) {
    return [warn('disk', `not measured: ${formatSize(freeBytes)} free`, 'Free some space.')];
  }
  try {
    const file = await openNameless(directory);
    try {
      const written = await measureWrite(file, pieces, clock);
      const { read, cached } = await measureRead(file, written.bytes, clock);
      return [judgeWrite(written), judgeRead(read, cached)];
    } finally {
      await file.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [fail('disk', why, 'Make cache.directory writable, or choose another.')];
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `forebay-doctor-${String(process.pid)}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

async function measureWrite(file: FileHandle, pieces: number, clock: Clock): Promise<Measured> {
  // Some disks and file systems are quick with zeros.
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let at = 0; at < PIECE_BYTES; at += 4) piece.writeUInt32LE((at * 2654435761) >>> 0, at);
  const begin = clock.monotonic();
  let bytes = 0;
  for (let index = 0; index < pieces && clock.monotonic() - begin < MAX_MS; index += 1) {
    const { bytesWritten } = await file.write(piece, 0, PIECE_BYTES, bytes);
    bytes += bytesWritten;
  }
  // Until here most of it is in memory.
  await file.datasync();
  return { bytes, ms: clock.monotonic() - begin };
}

async function measureRead(
  file: FileHandle,
  length: number,
  clock: Clock,
): Promise<{ readonly read: Measured; readonly cached: boolean }> {
  const direct = await openPastTheCache(file);
  // Reads past the page cache need memory that begins at a page, which WebAssembly's does.
  const { buffer } = new WebAssembly.Memory({ initial: PIECE_BYTES / WASM_PAGE_BYTES });
  const piece = new Uint8Array(buffer);
  try {
    const begin = clock.monotonic();
    let bytes = 0;
    while (bytes < length && clock.monotonic() - begin < MAX_MS) {
      const { bytesRead } = await (direct ?? file).read(piece, 0, PIECE_BYTES, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
    }
    return { read: { bytes, ms: clock.monotonic() - begin }, cached: direct === null };
  } finally {
    await direct?.close();
  }
}

/** The same file with O_DIRECT; `null` where that cannot be had. */
async function openPastTheCache(file: FileHandle): Promise<FileHandle | null> {
  try {
    return await open(`/proc/self/fd/${String(file.fd)}`, constants.O_RDONLY | constants.O_DIRECT);
  } catch {
    return null;
  }
}

function judgeWrite(written: Measured): Finding {
  const rate = rateOf(written);
  const found = `${rateText(rate)} over ${formatSize(written.bytes)}, until it is on the disk`;
  if (rate >= SLOW_WRITE_BYTES_PER_S) return ok('write speed', found);
  const advice = 'Put cache.directory on a faster disk (NVMe): fetching waits for writing here.';
  return warn('write speed', found, advice);
}

function judgeRead(read: Measured, cached: boolean): Finding {
  const rate = rateOf(read);
  const how = cached
    ? 'from memory: the disk itself cannot be measured here'
    : 'past the page cache';
  const found = `${rateText(rate)} over ${formatSize(read.bytes)}, ${how}`;
  if (rate >= SLOW_READ_BYTES_PER_S) return ok('read speed', found);
  return warn(
    'read speed',
    found,
    'Put cache.directory on a faster disk (NVMe): hits wait for it.',
  );
}

function rateOf({ bytes, ms }: Measured): number {
  return ms > 0 ? (bytes / ms) * 1000 : Infinity;
}

function rateText(rate: number): string {
  return Number.isFinite(rate) ? `${(rate / 1e6).toFixed(0)} MB/s` : 'too fast to measure';
}
