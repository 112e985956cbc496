/**
 * How far a segment may be read now, and the reads themselves: synchronous if the bytes are few or
 * were just written by a worker, else on libuv's thread pool. Used by the senders, with the errors
 * of segments that cannot be read.
 */
import { read, readSync } from 'node:fs';
import { native } from '../compute/native.js';
import { within } from '../model/deferred.js';
import { ForebayError, ownShortage } from '../model/errors.js';
import type { Segment, Watermark } from '../model/segment.js';
import type { Clock } from '../model/time.js';

/** A segment that lies in a file. */
export type FileSegment = Exclude<Segment, { readonly kind: 'bytes' }>;

/**
 * Bytes that are copied on the spot where the page cache has them. Handing a read to a thread and
 * back takes about 50 us, the copy of these 10 us.
 */
export const SPOT_READ_BYTES = 64 * 1024;

/**
 * The file position up to which the segment may be read, past `at`; `null` when a growing file is
 * not that far yet. Throws `ForebayError` (`disk` or `internal`, retryable) when it never will be.
 */
export function readableEnd(segment: FileSegment, at: number): number | null {
  const end = segment.offset + segment.length;
  if (segment.kind === 'file') return end;
  // State first: read the other way round, a watermark that advances and completes in between looks
  // complete and short.
  const { state } = segment.watermark;
  const readable = segment.watermark.readableTo(at);
  if (readable > at) return Math.min(readable, end);
  switch (state) {
    case 'growing':
      return null;
    case 'complete':
      throw shortFile(at, end);
    case 'failed':
      throw fillFailed(segment, at);
  }
}

/**
 * Resolves when byte `at` of a growing file may be read or it has ended; rejects with
 * `ForebayError` (`origin-timeout`) when nothing came for any part of it for `sourceIdleTimeoutMs`.
 * The fill's own bounds come first; this one holds whatever they add up to.
 */
export async function advanced(
  watermark: Watermark,
  at: number,
  { clock, sourceIdleTimeoutMs }: { readonly clock: Clock; readonly sourceIdleTimeoutMs: number },
): Promise<void> {
  const idle = sourceIdle();
  const bound = { clock, ms: sourceIdleTimeoutMs, timedOut: () => idle, aborted: () => idle };
  const moved = watermark.wait(at);
  for (;;) {
    const { receivedBytes } = watermark;
    try {
      await within(moved, bound);
      return;
    } catch (error) {
      // What lies before `at` is on its way, however slowly.
      if (error !== idle || watermark.receivedBytes === receivedBytes) throw error;
    }
  }
}

/** No byte of a growing file came for too long. */
export function sourceIdle(): ForebayError {
  return new ForebayError('origin-timeout', 'no byte within the request timeout', {
    source: 'origin',
    retryable: false,
  });
}

/** The disk did not deliver for too long; another read would not be answered sooner. */
export function diskIdle(): ForebayError {
  return new ForebayError('disk', 'a read did not end within the request timeout', {
    source: 'internal',
    retryable: false,
  });
}

/** The error of a growing file whose watermark failed before `at`. */
export function fillFailed(segment: Segment, at: number): Error {
  const failure = segment.kind === 'growing' ? segment.failure?.() : undefined;
  if (failure instanceof Error) return failure;
  return new ForebayError('internal', `the fill of this chunk failed at ${String(at)}`, {
    source: 'internal',
    retryable: true,
  });
}

/**
 * Reads up to `end` from `at`, at most a buffer full; resolves to the bytes read, at least one.
 * Rejects with `ForebayError` (`disk`, retryable) for a failed read or the end of the file.
 */
export async function readSegment(
  segment: FileSegment,
  buffer: Buffer,
  at: number,
  end: number,
): Promise<number> {
  const length = Math.min(buffer.length, end - at);
  const count = await readFrom(segment, buffer, length, at);
  if (count === 0) throw shortFile(at, end);
  return count;
}

/**
 * Makes sure that byte `at` can be read, so that a failure shows before a head is written. Rejects
 * as `readSegment` does.
 */
export async function tryFirstByte(segment: FileSegment, at: number): Promise<void> {
  await readSegment(segment, Buffer.alloc(1), at, at + 1);
}

async function readFrom(
  segment: FileSegment,
  buffer: Buffer,
  length: number,
  at: number,
): Promise<number> {
  const { fd } = segment.file;
  // What a worker has just written or hashed is in the page cache: copying it takes less than
  // handing the read to another thread, and does not wait for a disk.
  if (segment.kind === 'growing') return readNow(fd, buffer, length, at);
  if (length <= SPOT_READ_BYTES) {
    const count = readCached(fd, buffer.subarray(0, length), at);
    if (count >= 0) return count;
  }
  return readOnThread(fd, buffer, length, at);
}

function readCached(fd: number, bytes: Uint8Array, at: number): number {
  try {
    return native.readCached(fd, bytes, at);
  } catch (error) {
    throw unreadable(error as NodeJS.ErrnoException);
  }
}

function readNow(fd: number, buffer: Buffer, length: number, at: number): number {
  try {
    return readSync(fd, buffer, 0, length, at);
  } catch (error) {
    throw unreadable(error as NodeJS.ErrnoException);
  }
}

function readOnThread(fd: number, buffer: Buffer, length: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, at, (error, bytesRead) => {
      if (error === null) resolve(bytesRead);
      else reject(unreadable(error));
    });
  });
}

/** Bytes of the body that a segment is. */
export function lengthOf(segment: Segment): number {
  return segment.kind === 'bytes' ? segment.bytes.length : segment.length;
}

/** Releases a segment; to be called once, however its send ended. */
export function releaseSegment(segment: Segment): void {
  if (segment.kind !== 'bytes') segment.release();
}

/** A file ended before a segment of it did. */
export function shortFile(at: number, end: number): ForebayError {
  return new ForebayError('disk', `a file ended at ${String(at)}, before ${String(end)}`, {
    source: 'internal',
    retryable: true,
  });
}

/** A file could not be read. */
export function unreadable(cause: NodeJS.ErrnoException): ForebayError {
  const shortage = ownShortage(cause);
  if (shortage !== null) return shortage;
  return new ForebayError('disk', `a read failed: ${cause.code ?? cause.message}`, {
    source: 'internal',
    retryable: true,
    cause,
  });
}
