/**
 * The state of a transfer, shared by the cache, the HTTP front and the admin API. A transfer is a
 * client's request or the fill of one chunk. Its state is derived only from the last observed event
 * and the time of that event.
 */
import type { ErrorCode } from './errors.js';

/** The party that a stalled transfer waits for. */
export type StalledOf = 'origin' | 'client' | 'disk';

export type TransferState =
  /** Waits for a connection, or for space. */
  | { readonly kind: 'queued' }
  /** A fetch has begun, but no response head has come: name lookup, TCP, TLS, first byte. */
  | { readonly kind: 'connecting' }
  /** Bytes come from an origin. */
  | { readonly kind: 'receiving' }
  /** A pause before the next attempt: back-off, or the wait of Retry-After. */
  | { readonly kind: 'throttled' }
  /**
   * Every byte has arrived and is being verified, recorded, or withheld until a check has passed.
   */
  | { readonly kind: 'verifying' }
  /** Bytes go to the client. */
  | { readonly kind: 'serving' }
  /** The client accepts bytes more slowly than they come. */
  | { readonly kind: 'client-blocked' }
  /** Nothing has happened for `sinceMs`, without a known reason for a pause. */
  | { readonly kind: 'stalled'; readonly sinceMs: number; readonly of: StalledOf }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly cause: ErrorCode };

/**
 * Time without progress after which a transfer counts as stalled. Pauses of healthy connections are
 * shorter. With a check every 500 ms a stall is seen within 1.5 s of the last byte.
 */
export const STALLED_AFTER_MS = 1_000;

/** Returns the stalled state if `idleMs` without progress is long enough, else `otherwise`. */
export function stalledOr(idleMs: number, of: StalledOf, otherwise: TransferState): TransferState {
  if (idleMs < STALLED_AFTER_MS) return otherwise;
  return { kind: 'stalled', sinceMs: Math.floor(idleMs), of };
}

/** The phase of a fetch on a worker, which writes its index here into shared memory. */
export const FETCH_PHASES = ['queued', 'connecting', 'receiving', 'writing', 'throttled'] as const;
export type FetchPhase = (typeof FETCH_PHASES)[number];

/** Byte counts of one transfer, each counted where the step happens. */
export interface TransferCounts {
  /** Bytes received from an origin. */
  readonly receivedBytes: number;
  /** Received bytes that match ids or a digest known before they came. */
  readonly verifiedBytes: number;
  /** Received bytes whose manifest record was appended: the store holds them. */
  readonly committedBytes: number;
}
