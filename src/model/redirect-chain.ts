/**
 * The redirects that led to a response: the caching fields and times of each hop, and the request
 * fields that it received. Made by origin/upstream, stored with responses, judged by
 * cache/rfc9111/chain.
 */
import type { HeaderMap } from './headers.js';

/** One redirect that was followed. */
export interface Hop {
  readonly status: number;
  /** Those of its fields that a cache decides by, and no others. */
  readonly headers: HeaderMap;
  /** When the request was sent and answered, ms since the epoch (RFC 9111 section 4.2.3). */
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
  /** See `StoredResponse`. */
  readonly steadyTimeMs?: number;
  /** Names of the client's fields that it was sent and that may identify the client. */
  readonly shown: readonly string[];
}

export interface RedirectChain {
  /** First to last. */
  readonly hops: readonly Hop[];
  /**
   * Names the resource that the last one led to, whatever its signature; empty for the URL itself.
   */
  readonly place: string;
}

export const NO_REDIRECTS: RedirectChain = { hops: [], place: '' };
