/** Response records: what HTTP says of one URL, kept apart from the bytes. */
import type { HeaderMap } from './headers.js';
import type { ObjectIdentity } from './manifest.js';
import type { Hop } from './redirect-chain.js';

/** One stored response (RFC 9111 section 3): the metadata of a representation of the URL. */
export interface StoredResponse {
  /** Final status as a complete response: a 206 from a chunk fill is kept as its 200. */
  readonly status: number;
  /**
   * End-to-end fields of the response as its origin sent them, without Content-Range, hop-by-hop fields
   * and what is for one client: nothing that we add is among them.
   */
  readonly headers: HeaderMap;
  /** Tags of the request's values of the fields that any Vary of the chain names (RFC 9111 section 4.1), never these. */
  readonly requestHeaders: HeaderMap;
  /** When the request was sent and its response received, ms since the epoch (section 4.2.3). */
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
  /** The redirects that led to it, first to last: every rule holds for each of them (cache/chain). */
  readonly hops: readonly Hop[];
  /** The object that holds its content. */
  readonly object: ObjectIdentity;
}

/** All stored responses of one URL, most recent first. */
export interface ResponseRecord {
  readonly origin: string;
  readonly uri: string;
  /** False once the origin answered a range request with the whole representation. */
  readonly acceptsRanges: boolean;
  readonly variants: readonly StoredResponse[];
}

/** Variants kept of one URL: a hostile Vary would otherwise grow a record without end. */
export const MAX_VARIANTS = 16;
