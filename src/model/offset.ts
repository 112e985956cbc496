/**
 * Byte offsets by what they count from. The compiler refuses an offset in a chunk where one in an
 * object is expected, and the other way round. A computed number is either: name its type where it
 * is stored or passed on.
 */

declare const COUNTS_FROM: unique symbol;

/** Bytes from the beginning of an object, that is of a whole representation. */
export type ObjectOffset = number & { readonly [COUNTS_FROM]?: 'object' };

/** Bytes from the beginning of a chunk, which is also the offset in its file. */
export type ChunkOffset = number & { readonly [COUNTS_FROM]?: 'chunk' };
