/**
 * The state of a transfer, in words that the cache, the front and the admin API share. A transfer
 * is a client's request or one chunk's fill. A state follows from what last happened and when;
 * nothing is guessed.
 */
import type { ErrorCode } from './errors.js';

/** What a silence is blamed on. */
export type StalledOf = 'origin' | 'client' | 'disk';

export type TransferState =
  /** Waits for a connection's turn, or for room. */
  | { readonly kind: 'queued' }
  /** The request was sent and no response head has come: name lookup, TCP, TLS, first byte. */
  | { readonly kind: 'connecting' }
  /** Bytes come from an origin. */
  | { readonly kind: 'receiving' }
  /** A pause before the next attempt: back-off, or a Retry-After. */
  | { readonly kind: 'throttled' }
  /** Every byte is here; it is being checked, recorded, or withheld until a check has passed. */
  | { readonly kind: 'verifying' }
  /** Bytes go to the client. */
  | { readonly kind: 'serving' }
  /** There is more to send than the client takes. */
  | { readonly kind: 'client-blocked' }
  /** Nothing has happened for `sinceMs` although it should have. */
  | { readonly kind: 'stalled'; readonly sinceMs: number; readonly of: StalledOf }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly cause: ErrorCode };

/**
 * A silence this long is a stall. Pauses of healthy connections are shorter; with a look every 500
 * ms a stall shows within 1.5 s of the last byte.
 */
export const STALLED_AFTER_MS = 1_000;

/** The stall after `idleMs` without progress, or `otherwise` if that is too short for one. */
export function stalledOr(idleMs: number, of: StalledOf, otherwise: TransferState): TransferState {
  if (idleMs < STALLED_AFTER_MS) return otherwise;
  return { kind: 'stalled', sinceMs: Math.floor(idleMs), of };
}

/** What a worker is at with one fetch; it writes a code of this into shared memory. */
export const FETCH_PHASES = ['queued', 'connecting', 'receiving', 'writing', 'throttled'] as const;
export type FetchPhase = (typeof FETCH_PHASES)[number];

/** Bytes of one transfer, each counted where it happens. */
export interface TransferCounts {
  /** Came from an origin. */
  readonly receivedBytes: number;
  /** Of them, those that matched recorded ids or a digest. */
  readonly verifiedBytes: number;
  /** Of them, those whose manifest record was appended: the store holds them. */
  readonly committedBytes: number;
}
