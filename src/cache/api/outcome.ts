/**
 * How a request was answered, as a closed union. http/reply/cache-status writes it as RFC 9211 says,
 * telemetry counts it, the access log names it.
 */

/** Why a request went to the origin: the `fwd` parameter of RFC 9211 section 2.2. */
export type ForwardReason =
  'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial' | 'method';

export type CacheOutcome =
  /** Answered from what is held, without asking the origin. */
  | {
      readonly kind: 'hit';
      readonly unverified: boolean;
      /** Seconds that it stays fresh; negative for a stale one that may be used (section 2.5). */
      readonly ttlSeconds?: number;
      /** Why it could be used although stale. */
      readonly detail?: string;
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
      /** Served through memory, not stored: `not-storable` or `not-kept`. */
      readonly detail: string | null;
    };
