/**
 * Names of things on disk and in the index. Every one is 64 lower-case hex digits, so that no name
 * can ever leave its directory; the brands keep one kind from being used as another.
 */
declare const brand: unique symbol;

/** BLAKE3 chaining value of a chunk's subtree at its position (of a one-chunk object: the root). */
export type ChunkId = string & { readonly [brand]: 'ChunkId' };
/** Names one manifest: one generation of one object's bytes. */
export type ObjectKey = string & { readonly [brand]: 'ObjectKey' };
/** Names one response record: one URL on one configured origin. */
export type ResponseKey = string & { readonly [brand]: 'ResponseKey' };

const HEX_64 = /^[0-9a-f]{64}$/;

/** True when `text` has the shape of an id: 64 lower-case hex digits. */
export function isId(text: string): boolean {
  return HEX_64.test(text);
}

/** Brands a chunk id read from elsewhere; `undefined` when it has not the shape of one. */
export function parseChunkId(text: string): ChunkId | undefined {
  return isId(text) ? (text as ChunkId) : undefined;
}

/** Brands an object key read from elsewhere; `undefined` when it has not the shape of one. */
export function parseObjectKey(text: string): ObjectKey | undefined {
  return isId(text) ? (text as ObjectKey) : undefined;
}

/** Brands a response key read from elsewhere; `undefined` when it has not the shape of one. */
export function parseResponseKey(text: string): ResponseKey | undefined {
  return isId(text) ? (text as ResponseKey) : undefined;
}
