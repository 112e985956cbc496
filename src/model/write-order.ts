/**
 * The order in which the bytes of a chunk come: from `start`, where somebody waits for them, to the
 * end, then round from the beginning to `start`. A count of bytes in that order says which of them
 * are there. Pure; watermarks say with it how far a file may be read, native/core/pump_piece too.
 */
import type { ByteRange } from './byte-range.js';
import { GROUP_SIZE_BYTES } from './chunk.js';
import type { ChunkOffset } from './offset.js';

/**
 * Where a fill may begin, unless known ids gate it: that close to the wanted byte, while the pages
 * of the cache and the pieces of writes stay whole.
 */
export const FILL_START_BYTES = 64 * 1024;

export interface WriteOrder {
  /** Where writing begins. 0: from beginning to end. */
  readonly start: ChunkOffset;
  /** Bytes of the chunk. Of no meaning where `start` is 0: they need not be known then. */
  readonly lengthBytes: number;
}

/** From beginning to end. */
export const FORWARD: WriteOrder = { start: 0, lengthBytes: 0 };

/**
 * Where in its chunk to begin for byte `offset`: at a multiple of `stepBytes`; at 0 within the
 * first group, as a small object is better fetched in one piece.
 */
export function startFor(offset: ChunkOffset, stepBytes: number): ChunkOffset {
  return offset < GROUP_SIZE_BYTES ? 0 : Math.floor(offset / stepBytes) * stepBytes;
}

/** The order that begins for byte `offset`, in a chunk of `lengthBytes`. */
export function orderFrom(
  offset: ChunkOffset,
  lengthBytes: number,
  stepBytes = GROUP_SIZE_BYTES,
): WriteOrder {
  const start = startFor(offset, stepBytes);
  return start > 0 && start < lengthBytes ? { start, lengthBytes } : FORWARD;
}

/**
 * The position up to which the file is written without a gap from `at` on, once `count` bytes are;
 * at most `at` where byte `at` is not there.
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

/** How many bytes of `range` are written once `count` bytes are. */
export function writtenWithin(
  order: WriteOrder,
  count: number,
  range: ByteRange<ChunkOffset>,
): number {
  const { start } = order;
  const late = clipped(range, start, writtenTo(order, count, start));
  return start === 0 ? late : late + clipped(range, 0, Math.min(start, writtenTo(order, count, 0)));
}

function clipped(range: ByteRange, from: number, to: number): number {
  return Math.max(0, Math.min(range.end, to) - Math.max(range.start, from));
}
