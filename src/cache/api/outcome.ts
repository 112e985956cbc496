/**
 * How a request was answered, as a closed union. http/reply/cache-status writes it as RFC 9211
 * says, telemetry counts it, the access log names it.
 */

import type { ErrorCode } from '../../model/errors.js';

/** Why a request went to the origin: the `fwd` parameter of RFC 9211 section 2.2. */
export type ForwardReason =
  'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial' | 'method';

/** Why a stored response answered although it is stale, or in place of an origin in trouble. */
export type StaleReason =
  | 'max-stale'
  | 'stale-while-revalidate'
  /** The origin answered with an error status (RFC 5861). */
  | 'stale-if-error'
  /** The hub could not be reached. */
  | 'offline'
  /** The origin could not be reached, or is left alone. */
  | ErrorCode;

/** Why an answer is not stored. */
export type NotStored =
  /** Its rules forbid it, or the request does (RFC 9111 section 3). */
  | 'not-storable'
  /** It may be stored, but the disk does not take it, or there is no room. */
  | 'not-kept';

export type CacheOutcome =
  /** Answered from the store, without a request to the origin. */
  | {
      readonly kind: 'hit';
      readonly unverified: boolean;
      /** Seconds that it stays fresh; negative for a stale one that may be used (section 2.5). */
      readonly ttlSeconds?: number;
      /** Why it could be used although stale. */
      readonly detail?: StaleReason;
    }
  /** Answered with help of the origin. */
  | {
      readonly kind: 'forward';
      readonly reason: ForwardReason;
      /** Final status of the origin's answer; `null` when there was none. */
      readonly originStatus: number | null;
      /** The answer is (being) stored. */
      readonly stored: boolean;
      /** This request waited on another's fetch. */
      readonly collapsed: boolean;
      readonly unverified: boolean;
      /** Why the response was not stored, or why a stale one was used. */
      readonly detail: NotStored | StaleReason | null;
    };
