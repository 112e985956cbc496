/** Response records: the HTTP metadata of one URL, stored apart from the bytes. */
import type { HeaderMap } from './headers.js';
import type { ObjectIdentity } from './manifest.js';
import type { Hop } from './redirect-chain.js';

/**
 * The kind of a stored response. The configuration may change a URL from a plain origin to a hub's
 * mirror or back: a response of one kind never answers for another kind.
 */
export type StoredKind =
  /** A response of a plain origin (RFC 9111). */
  | 'response'
  /** JSON of a hub, stored per credential for a lifetime that the mirror sets. */
  | 'hub-json'
  /** A hub's permission to read a file, with the file's metadata, for one credential. */
  | 'hub-permission'
  /** A hub's refusal of access to a repository, for one credential. */
  | 'hub-refusal';

/**
 * Name among a variant's request fields for the credential that a hub decided on, as an HMAC. No
 * request has such a field.
 */
export const CREDENTIAL_FIELD = 'x-forebay-credential';

/** One stored response (RFC 9111 section 3): the metadata of a representation of the URL. */
export interface StoredResponse {
  readonly kind: StoredKind;
  /** Final status as a complete response: a 206 from a chunk fill is kept as its 200. */
  readonly status: number;
  /**
   * End-to-end fields of the response as its origin sent them, without Content-Range, hop-by-hop
   * fields and fields for one client. Fields that Forebay adds are not among them.
   */
  readonly headers: HeaderMap;
  /**
   * Tags (HMACs) of the request's values of the fields that any Vary of the chain names (RFC 9111
   * section 4.1), never the values.
   */
  readonly requestHeaders: HeaderMap;
  /** Times of the request and of its response, ms since the epoch (section 4.2.3). */
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
  /** Number of its request in the order of all requests to origins (model/sequence). */
  readonly order: number;
  /**
   * Time of the response on the clock that never runs backwards (model/steady-time). Absent for a
   * response read from disk, because such a reading is valid only in the process that took it.
   */
  readonly steadyTimeMs?: number;
  /**
   * The redirects that led to it, first to last. Every caching rule applies to each of them
   * (cache/rfc9111/chain).
   */
  readonly hops: readonly Hop[];
  /** The object that holds its content. */
  readonly object: ObjectIdentity;
}

/** Times and order of a response. */
export type ResponseTimes = Pick<StoredResponse, 'requestTimeMs' | 'responseTimeMs' | 'order'>;

/** All stored responses of one URL, most recent first. */
export interface ResponseRecord {
  readonly origin: string;
  readonly uri: string;
  /** False once the origin answered a range request with the whole representation. */
  readonly acceptsRanges: boolean;
  readonly variants: readonly StoredResponse[];
}

/** Most variants kept of one URL: a hostile Vary would otherwise grow a record without bound. */
export const MAX_VARIANTS = 16;
