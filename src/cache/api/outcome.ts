/**
 * How a request was answered. http/reply/cache-status writes it as a Cache-Status field (RFC 9211),
 * telemetry counts it, the access log names it.
 */

import type { ErrorCode } from '../../model/errors.js';

/** Why a request went to the origin: the `fwd` parameter of RFC 9211 section 2.2. */
export type ForwardReason =
  'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial' | 'method';

/** Why a stale stored response answered, or replaced the answer of an origin in trouble. */
export type StaleReason =
  | 'max-stale'
  | 'stale-while-revalidate'
  /** The origin answered with an error status (RFC 5861). */
  | 'stale-if-error'
  /** A hub could not be reached. */
  | 'offline'
  /** The origin could not be reached, or its circuit breaker is open. */
  | ErrorCode;

/** Why an answer is not stored. */
export type NotStored =
  /** The response or the request forbids it (RFC 9111 section 3). */
  | 'not-storable'
  /** It may be stored, but the disk fails or there is no room. */
  | 'not-kept';

export type CacheOutcome =
  /** Answered from the store, without a request to the origin. */
  | {
      readonly kind: 'hit';
      readonly unverified: boolean;
      /** Seconds until it is stale; negative for a stale one that may be used (RFC 9211 `ttl`). */
      readonly ttlSeconds?: number;
      /** Why it could be used although stale. */
      readonly detail?: StaleReason;
    }
  /** Answered after a request to the origin. */
  | {
      readonly kind: 'forward';
      readonly reason: ForwardReason;
      /** Final status of the origin's answer; `null` when there was none. */
      readonly originStatus: number | null;
      /** True when the answer is stored, or being stored. */
      readonly stored: boolean;
      /** True when this request waited on another's fetch. */
      readonly collapsed: boolean;
      readonly unverified: boolean;
      /** Why it is not stored, or why a stale response replaced it. */
      readonly detail: NotStored | StaleReason | null;
    };
