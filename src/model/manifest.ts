/** Facts about one object's bytes; response records have the facts about its URLs. */
import type { Digest } from './digest.js';
import type { ChunkId } from './ids.js';
import type { Validator } from './validator.js';

/**
 * What makes two byte sequences the same object. Two responses with equal identities may be cut
 * into one set of chunks; anything that differs makes another object with another manifest.
 */
export interface ObjectIdentity {
  /** Name of the configured origin. */
  readonly origin: string;
  /** Absolute target URI at the origin, before redirects: never a signed URL. */
  readonly uri: string;
  /**
   * Tags of the request's values of the fields that Vary names, serialised; empty when there are
   * none.
   */
  readonly variant: string;
  readonly validator: Validator;
  /**
   * The resource that the URI was redirected to (model/redirect-chain): its validator means nothing
   * at another one. Absent without a redirect, or if a digest identifies the bytes.
   */
  readonly place?: string;
  /** Empty for a strong validator, else random: such a response shares no object with others. */
  readonly uniqueToken: string;
  /** Complete length; `null` while a response without a known length is still arriving. */
  readonly lengthBytes: number | null;
  readonly chunkSizeBytes: number;
  /** The claimed digest of the whole object, if there is one. */
  readonly digest: Digest | null;
}

/** The ids of one fetched chunk. The file may have been evicted since: ids outlive bytes. */
export interface ChunkRecord {
  readonly index: number;
  readonly lengthBytes: number;
  readonly id: ChunkId;
  /** Group ids in order, 32 bytes each, end to end. */
  readonly groupIds: Uint8Array;
}

/** unknown: never computed. observed: nothing vouches for it. attested: a digest covers it. */
export type Trust = 'unknown' | 'observed' | 'attested';
