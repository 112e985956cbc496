/**
 * Turns a byte range into the ordered chunk reads that give it. Pure; used by cache/body/reader.
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
 * The chunk reads of `range`, in order. Lazy: an object of 100 GB has 12,500 chunks, and `end` may
 * be `Infinity` while a length is unknown.
 */
export function* planReads(
  range: ByteRange<ObjectOffset>,
  chunkSizeBytes: number,
): Generator<ChunkRead> {
  let at = range.start;
  while (at < range.end) {
    const index = chunkIndexAt(at, chunkSizeBytes);
    const start = offsetInChunk(at, chunkSizeBytes);
    const length = Math.min(range.end - at, chunkSizeBytes - start);
    yield { index, within: { start, end: start + length } };
    at += length;
  }
}
