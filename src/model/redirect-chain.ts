/**
 * The redirects that led to a response: the caching fields of each, its times, and the client's
 * fields that were sent to it. Made by origin/upstream, stored with responses, evaluated by
 * cache/rfc9111/chain.
 */
import type { HeaderMap } from './headers.js';

/** One redirect that was followed. */
export interface Hop {
  readonly status: number;
  /** The fields of its response that matter to a cache, and no others. */
  readonly headers: HeaderMap;
  /** Times of its request and response, ms since the epoch (RFC 9111 section 4.2.3). */
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
   * Identifies the resource that the last redirect led to, without its signature; empty without a
   * redirect.
   */
  readonly place: string;
}

export const NO_REDIRECTS: RedirectChain = { hops: [], place: '' };
