/**
 * Measures how fast the cache directory's disk writes and reads, for a few seconds, with a file of
 * at most 256 MiB. The file is unlinked at once, so that nothing is left however the program ends.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemDisk } from '../../config/capacity.js';
import { formatSize } from '../../config/units.js';
import type { Clock } from '../../model/time.js';
import { fail, type Finding, ok, warn } from './finding.js';

/** The maximum size of the file. */
const MAX_BYTES = 256 * 2 ** 20;
/** The file takes at most this share of the free space, so that it never fills the disk. */
const FREE_SHARE = 0.1;
/** The size of one write or read, equal to the default chunk size. */
const PIECE_BYTES = 8 * 2 ** 20;
/** The longest time for writing, and for reading. */
const MAX_MS = 5_000;
/** A line of 10 Gbit/s delivers 1250 MB/s. A disk with less than a fifth of it limits clients. */
const SLOW_WRITE_BYTES_PER_S = 250e6;
const SLOW_READ_BYTES_PER_S = 500e6;
const WASM_PAGE_BYTES = 65_536;

/** Node has it, but the configured TypeScript libraries do not declare it. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

interface Measured {
  readonly bytes: number;
  readonly ms: number;
}

/** Measures in `directory`, which exists. Never rejects: a failure is a finding. */
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
  // Not zeros, which some disks and file systems compress.
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let offset = 0; offset < PIECE_BYTES; offset += 4) {
    piece.writeUInt32LE((offset * 2654435761) >>> 0, offset);
  }
  const begin = clock.monotonic();
  let bytes = 0;
  for (let index = 0; index < pieces && clock.monotonic() - begin < MAX_MS; index += 1) {
    const { bytesWritten } = await file.write(piece, 0, PIECE_BYTES, bytes);
    bytes += bytesWritten;
  }
  // Before this most of the bytes may still be in memory.
  await file.datasync();
  return { bytes, ms: clock.monotonic() - begin };
}

async function measureRead(
  file: FileHandle,
  length: number,
  clock: Clock,
): Promise<{ readonly read: Measured; readonly cached: boolean }> {
  const direct = await openPastTheCache(file);
  // Direct reads need page-aligned memory, which that of WebAssembly is.
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

/** Opens the file again with O_DIRECT; resolves to `null` if that is not possible. */
async function openPastTheCache(file: FileHandle): Promise<FileHandle | null> {
  try {
    return await open(`/proc/self/fd/${String(file.fd)}`, constants.O_RDONLY | constants.O_DIRECT);
  } catch {
    return null;
  }
}

function judgeWrite(written: Measured): Finding {
  const rate = rateOf(written);
  const found = `${rateText(rate)} over ${formatSize(written.bytes)}, flushed to the disk`;
  if (rate >= SLOW_WRITE_BYTES_PER_S) return ok('write speed', found);
  const advice =
    'Put cache.directory on a faster disk (NVMe): fetches wait for writes to this one.';
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
    'Put cache.directory on a faster disk (NVMe): hits wait for reads from this one.',
  );
}

function rateOf({ bytes, ms }: Measured): number {
  return ms > 0 ? (bytes / ms) * 1000 : Infinity;
}

function rateText(rate: number): string {
  return Number.isFinite(rate) ? `${(rate / 1e6).toFixed(0)} MB/s` : 'too fast to measure';
}
