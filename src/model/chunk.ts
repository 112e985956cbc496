/**
 * Chunk geometry: how an object of a known length is cut into chunks and groups. Pure arithmetic,
 * used by planning, fills, verification and the store alike.
 */
import { type ByteRange, byteRange } from './byte-range.js';
import type { ChunkOffset, ObjectOffset } from './offset.js';

const MEBIBYTE = 1024 * 1024;

/** The unit of verification: an aligned 1 MiB of a chunk, a BLAKE3 subtree of 1,024 leaves. */
export const GROUP_SIZE_BYTES = MEBIBYTE;

/** The default unit of fetching, storing and evicting. */
export const DEFAULT_CHUNK_SIZE_BYTES = 8 * MEBIBYTE;

/** Bytes in one group id, chunk id or root: a BLAKE3 chaining value. */
export const ID_BYTES = 32;

/** True for the chunk sizes that the format allows: a power of two of groups, 1 to 64 MiB. */
export function isChunkSize(bytes: number): boolean {
  const groups = bytes / GROUP_SIZE_BYTES;
  return Number.isInteger(groups) && groups >= 1 && groups <= 64 && (groups & (groups - 1)) === 0;
}

/** Returns the number of chunks of an object of `lengthBytes`; 0 for an empty one. */
export function chunkCount(lengthBytes: number, chunkSizeBytes: number): number {
  return Math.ceil(lengthBytes / chunkSizeBytes);
}

/** Returns the bytes of the object that chunk `index` contains; the last chunk may be short. */
export function chunkRange(
  index: number,
  lengthBytes: number,
  chunkSizeBytes: number,
): ByteRange<ObjectOffset> {
  const start = index * chunkSizeBytes;
  return byteRange(start, Math.min(start + chunkSizeBytes, lengthBytes));
}

/** Returns the index of the chunk that contains byte `offset`. */
export function chunkIndexAt(offset: ObjectOffset, chunkSizeBytes: number): number {
  return Math.floor(offset / chunkSizeBytes);
}

/** Where byte `offset` of the object lies in its chunk. */
export function offsetInChunk(offset: ObjectOffset, chunkSizeBytes: number): ChunkOffset {
  return offset % chunkSizeBytes;
}

/** Returns the number of groups of a chunk of `lengthBytes` (a short last group counts). */
export function groupCount(lengthBytes: number): number {
  return Math.ceil(lengthBytes / GROUP_SIZE_BYTES);
}
