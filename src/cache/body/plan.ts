/**
 * Turns a byte range into the ordered chunk reads that cover it. Pure; used by cache/body/reader.
 */
import { chunkIndexAt, offsetInChunk } from '../../model/chunk.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { ChunkOffset, ObjectOffset } from '../../model/offset.js';

/** One chunk's part of a range. */
export interface ChunkRead {
  readonly index: number;
  /** Offsets within the chunk, half-open. */
  readonly within: ByteRange<ChunkOffset>;
}

/**
 * Yields the chunk reads of `range`, in order. Lazy: an object of 100 GB has 12,500 chunks, and
 * `end` is `Infinity` while the length is unknown.
 */
export function* planReads(
  range: ByteRange<ObjectOffset>,
  chunkSizeBytes: number,
): Generator<ChunkRead> {
  let offset = range.start;
  while (offset < range.end) {
    const index = chunkIndexAt(offset, chunkSizeBytes);
    const start = offsetInChunk(offset, chunkSizeBytes);
    const length = Math.min(range.end - offset, chunkSizeBytes - start);
    yield { index, within: { start, end: start + length } };
    offset += length;
  }
}
