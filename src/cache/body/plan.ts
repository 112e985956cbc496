/**
 * Turns a byte range into the ordered chunk reads that give it. Pure; used by cache/body/reader.
 */
import { chunkIndexAt } from '../../model/chunk.js';
import type { ByteRange } from '../../model/byte-range.js';

/** One chunk's part of a range. */
export interface ChunkRead {
  readonly index: number;
  /** Offsets within the chunk, half-open. */
  readonly within: ByteRange;
}

/**
 * The chunk reads of `range`, in order. Lazy: an object of 100 GB has 12,500 chunks, and `end` may
 * be `Infinity` while a length is unknown.
 */
export function* planReads(
  range: { readonly start: number; readonly end: number },
  chunkSizeBytes: number,
): Generator<ChunkRead> {
  let at = range.start;
  while (at < range.end) {
    const index = chunkIndexAt(at, chunkSizeBytes);
    const chunkStart = index * chunkSizeBytes;
    const end = Math.min(range.end, chunkStart + chunkSizeBytes);
    yield { index, within: { start: at - chunkStart, end: end - chunkStart } };
    at = end;
  }
}
