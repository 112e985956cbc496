/**
 * How far a segment may be read now, and the reading itself: one positional read, on the spot
 * where a worker has just had the bytes, else on libuv's thread pool. Used by `BufferSender`.
 */
import { read, readSync } from 'node:fs';
import { ForebayError } from '../model/errors.js';
import type { Segment } from '../model/segment.js';

/** A segment that lies in a file. */
export type FileSegment = Exclude<Segment, { readonly kind: 'bytes' }>;

/**
 * The file position up to which the segment may be read, past `at`; `null` when a growing file is
 * not that far yet. Throws `ForebayError` (`disk` or `internal`, retryable) when it never will be.
 */
export function readableEnd(segment: FileSegment, at: number): number | null {
  const end = segment.offset + segment.length;
  if (segment.kind === 'file') return end;
  // State before `available`: read the other way round, a watermark that advances and completes in
  // between looks complete and short.
  const { state } = segment.watermark;
  const { available } = segment.watermark;
  if (available > at) return Math.min(available, end);
  switch (state) {
    case 'growing':
      return null;
    case 'complete':
      throw shortFile(at, end);
    case 'failed':
      throw causeOf(segment, at);
  }
}

function causeOf(segment: FileSegment, at: number): Error {
  const told = segment.kind === 'growing' ? segment.failure?.() : undefined;
  if (told instanceof Error) return told;
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
  // What a worker has just written or hashed is in the page cache: copying it takes less than handing
  // the read to another thread, and does not wait for a disk.
  const count =
    segment.kind === 'growing'
      ? readNow(segment.file.fd, buffer, length, at)
      : await readOnThread(segment.file.fd, buffer, length, at);
  if (count === 0) throw shortFile(at, end);
  return count;
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

/** Lets go of a segment: once, whatever became of it. */
export function releaseSegment(segment: Segment): void {
  if (segment.kind !== 'bytes') segment.release();
}

function shortFile(at: number, end: number): ForebayError {
  return new ForebayError('disk', `a file ended at ${String(at)}, before ${String(end)}`, {
    source: 'internal',
    retryable: true,
  });
}

function unreadable(cause: NodeJS.ErrnoException): ForebayError {
  return new ForebayError('disk', `a read failed: ${cause.code ?? cause.message}`, {
    source: 'internal',
    retryable: true,
    cause,
  });
}
