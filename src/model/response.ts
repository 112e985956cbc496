/** Response records: the HTTP facts about one URL, stored apart from the bytes. */
import type { HeaderMap } from './headers.js';
import type { ObjectIdentity } from './manifest.js';
import type { Hop } from './redirect-chain.js';

/**
 * What a stored response is. One URL may belong to a plain origin and to a hub's mirror in turn; a
 * record of one kind is never used for the other.
 */
export type StoredKind =
  /** A plain origin's response (RFC 9111). */
  | 'response'
  /** A hub's JSON, stored for the credential that requested it, with the mirror's lifetime. */
  | 'hub-json'
  /** A hub's permission to have a file, with the file's metadata. */
  | 'hub-permission'
  /** A hub's refusal of a repository. */
  | 'hub-refusal';

/**
 * In a variant's request fields: the HMAC of the credential that a hub decided about. No request
 * has this field.
 */
export const CREDENTIAL_FIELD = 'x-forebay-credential';

/** One stored response (RFC 9111 section 3): the metadata of a representation of the URL. */
export interface StoredResponse {
  readonly kind: StoredKind;
  /** Final status as a complete response: a 206 from a chunk fill is kept as its 200. */
  readonly status: number;
  /**
   * End-to-end fields as the origin sent them, without Content-Range, hop-by-hop fields and fields
   * for one client. Forebay's own are not among them.
   */
  readonly headers: HeaderMap;
  /**
   * Tags of the request's values of the fields that any Vary of the chain names (RFC 9111 section
   * 4.1), never these.
   */
  readonly requestHeaders: HeaderMap;
  /** When the request was sent and its response received, ms since the epoch (section 4.2.3). */
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
  /** Number of its request among all requests to origins (model/sequence). */
  readonly order: number;
  /**
   * When it was received, on the clock that never runs backwards (model/steady-time). Absent if
   * read from disk: such readings are valid within one process only.
   */
  readonly steadyTimeMs?: number;
  /**
   * The redirects that led to it, first to last: every rule holds for each of them
   * (cache/rfc9111/chain).
   */
  readonly hops: readonly Hop[];
  /** The object that holds its content. */
  readonly object: ObjectIdentity;
}

/** When it was requested and received. */
export type ResponseTimes = Pick<StoredResponse, 'requestTimeMs' | 'responseTimeMs' | 'order'>;

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
