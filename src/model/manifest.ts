/** The types of a manifest, which describes one object's bytes: its identity and its chunk ids. */
import type { Digest } from './digest.js';
import type { ChunkId } from './ids.js';
import type { Validator } from './validator.js';

/**
 * The identity of an object. Two responses with equal identities may fill one set of chunks; any
 * difference makes another object with another manifest.
 */
export interface ObjectIdentity {
  /** Name of the configured origin. */
  readonly origin: string;
  /** Absolute target URI at the origin, before redirects: never a signed URL. */
  readonly uri: string;
  /**
   * Tags (HMACs) of the request's values of the fields that Vary names, serialised; empty if it
   * names none.
   */
  readonly variant: string;
  readonly validator: Validator;
  /**
   * The resource that the URI was redirected to (model/redirect-chain), because a validator is
   * valid for one resource only. Absent without a redirect, or when a digest vouches for the bytes.
   */
  readonly place?: string;
  /** Empty for a strong validator, else random: such a response shares no object with others. */
  readonly uniqueToken: string;
  /** Complete length; `null` while a response without a known length is still arriving. */
  readonly lengthBytes: number | null;
  readonly chunkSizeBytes: number;
  /** The digest claimed for the whole object; `null` without a claim. */
  readonly digest: Digest | null;
}

/** The ids of one fetched chunk. They are kept when the chunk's file is evicted. */
export interface ChunkRecord {
  readonly index: number;
  readonly lengthBytes: number;
  readonly id: ChunkId;
  /** Group ids in order, 32 bytes each, end to end. */
  readonly groupIds: Uint8Array;
}

/**
 * Trust in an id. `unknown`: not computed. `observed`: nothing vouches for it. `attested`: a
 * verified digest does.
 */
export type Trust = 'unknown' | 'observed' | 'attested';
