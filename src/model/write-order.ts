/**
 * The order in which the bytes of a chunk are written: from `start`, where a reader waits for them,
 * to the end, then from the beginning to `start`. With that order, the count of written bytes
 * determines which bytes are there. Pure; watermarks compute from it how far a file may be read,
 * and so does native/core/pump_piece.
 */
import type { ByteRange } from './byte-range.js';
import { GROUP_SIZE_BYTES } from './chunk.js';
import type { ChunkOffset } from './offset.js';

/**
 * Alignment of the start of a fill whose ids are not known: it begins close to the requested byte,
 * but writes whole pages and whole pieces.
 */
export const FILL_START_BYTES = 64 * 1024;

export interface WriteOrder {
  /** Offset at which writing begins. 0: from beginning to end. */
  readonly start: ChunkOffset;
  /** Length of the chunk. Ignored if `start` is 0, so that it need not be known then. */
  readonly lengthBytes: number;
}

/** From beginning to end. */
export const FORWARD: WriteOrder = { start: 0, lengthBytes: 0 };

/**
 * Returns the offset in the chunk at which to begin for byte `offset`: a multiple of `stepBytes`,
 * or 0 within the first group, because a small object is better fetched in one piece.
 */
export function startFor(offset: ChunkOffset, stepBytes: number): ChunkOffset {
  return offset < GROUP_SIZE_BYTES ? 0 : Math.floor(offset / stepBytes) * stepBytes;
}

/** Returns the order for a reader of byte `offset`, in a chunk of `lengthBytes`. */
export function orderFrom(
  offset: ChunkOffset,
  lengthBytes: number,
  stepBytes = GROUP_SIZE_BYTES,
): WriteOrder {
  const start = startFor(offset, stepBytes);
  return start > 0 && start < lengthBytes ? { start, lengthBytes } : FORWARD;
}

/**
 * Returns the position up to which the file is written without a gap from byte `at` on, once
 * `count` bytes are written; `at` or less if byte `at` is not written.
 */
export function writtenTo(
  { start, lengthBytes }: WriteOrder,
  count: number,
  at: ChunkOffset,
): ChunkOffset {
  if (start === 0) return count;
  if (at >= start) return Math.min(start + count, lengthBytes);
  return Math.max(0, start + count - lengthBytes);
}

/** Returns the number of bytes of `range` that are written once `count` bytes are. */
export function writtenWithin(
  order: WriteOrder,
  count: number,
  range: ByteRange<ChunkOffset>,
): number {
  const { start } = order;
  const after = overlap(range, start, writtenTo(order, count, start));
  if (start === 0) return after;
  return after + overlap(range, 0, Math.min(start, writtenTo(order, count, 0)));
}

function overlap(range: ByteRange, from: number, to: number): number {
  return Math.max(0, Math.min(range.end, to) - Math.max(range.start, from));
}
