/** Response records: what HTTP says of one URL, kept apart from the bytes. */
import type { HeaderMap } from './headers.js';
import type { ObjectIdentity } from './manifest.js';
import type { Hop } from './redirect-chain.js';

/**
 * What a stored response is. One URL may have been of a plain origin and of a hub's mirror in turn:
 * what the one stored says nothing to the other, whatever their fields have in common.
 */
export type StoredKind =
  /** A plain origin's answer, as RFC 9111 has it. */
  | 'response'
  /** A hub's JSON, kept for the credential that was shown, as long as the mirror says. */
  | 'hub-json'
  /** A hub's word that somebody may have a file, and what that is. */
  | 'hub-permission'
  /** A hub's word that somebody may not have anything of a repository. */
  | 'hub-refusal';

/**
 * In a variant's request fields: for whom a hub decided, as an HMAC. No request has such a field.
 */
export const CREDENTIAL_FIELD = 'x-forebay-credential';

/** One stored response (RFC 9111 section 3): the metadata of a representation of the URL. */
export interface StoredResponse {
  readonly kind: StoredKind;
  /** Final status as a complete response: a 206 from a chunk fill is kept as its 200. */
  readonly status: number;
  /**
   * End-to-end fields of the response as its origin sent them, without Content-Range, hop-by-hop
   * fields and what is for one client: nothing that we add is among them.
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
  /** Place of its question among all that were asked (model/sequence). */
  readonly order: number;
  /**
   * When it was received, on the time that never runs backwards (model/steady-time). Absent for
   * what was read from disk: such readings mean something to the process that took them alone.
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

/** When it was asked for and answered. */
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
