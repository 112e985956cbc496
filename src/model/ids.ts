/**
 * Ids of files on disk and of entries in the index. Each is 64 lower-case hex digits, so that no id
 * used as a file name can leave its directory. The brands keep one kind of id from being used as
 * another.
 */
declare const brand: unique symbol;

/**
 * BLAKE3 chaining value of a chunk's subtree at its position (for a one-chunk object, the root).
 */
export type ChunkId = string & { readonly [brand]: 'ChunkId' };
/** Key of one manifest: one generation of one object's bytes. */
export type ObjectKey = string & { readonly [brand]: 'ObjectKey' };
/** Key of one response record: one URL of one configured origin. */
export type ResponseKey = string & { readonly [brand]: 'ResponseKey' };

const HEX_64 = /^[0-9a-f]{64}$/;

/** True when `text` has the shape of an id: 64 lower-case hex digits. */
export function isId(text: string): boolean {
  return HEX_64.test(text);
}

/** Checks and brands a chunk id; `undefined` when `text` does not have the shape of an id. */
export function parseChunkId(text: string): ChunkId | undefined {
  return isId(text) ? (text as ChunkId) : undefined;
}

/** Checks and brands an object key; `undefined` when `text` does not have the shape of an id. */
export function parseObjectKey(text: string): ObjectKey | undefined {
  return isId(text) ? (text as ObjectKey) : undefined;
}

/** Checks and brands a response key; `undefined` when `text` does not have the shape of an id. */
export function parseResponseKey(text: string): ResponseKey | undefined {
  return isId(text) ? (text as ResponseKey) : undefined;
}
