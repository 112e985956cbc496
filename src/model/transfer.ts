/**
 * How a transfer stands, in words that the cache, the front and the admin API share. A transfer is
 * a client's request or one chunk's fill. Nothing in here is a guess: a state follows from what was
 * last seen to happen and when.
 */
import type { ErrorCode } from './errors.js';

/** What a silence is blamed on. */
export type StalledOf = 'origin' | 'client' | 'disk';

export type TransferState =
  /** Waits for a connection's turn, or for room. */
  | { readonly kind: 'queued' }
  /** An origin was asked and no head of an answer has come: name lookup, TCP, TLS, first byte. */
  | { readonly kind: 'connecting' }
  /** Bytes come from an origin. */
  | { readonly kind: 'receiving' }
  /** A pause before the next attempt: back-off, or what Retry-After asked for. */
  | { readonly kind: 'throttled' }
  /** Every byte is here; it is being checked, recorded, or withheld until a check has passed. */
  | { readonly kind: 'verifying' }
  /** Bytes go to the client. */
  | { readonly kind: 'serving' }
  /** There is more to send than the client takes. */
  | { readonly kind: 'client-blocked' }
  /** Nothing has happened for `sinceMs`, and nothing says that it should be so. */
  | { readonly kind: 'stalled'; readonly sinceMs: number; readonly of: StalledOf }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly cause: ErrorCode };

/**
 * A silence this long is a stall. Pauses of healthy connections are shorter; with a look every 500
 * ms a stall shows within 1.5 s of the last byte.
 */
export const STALLED_AFTER_MS = 1_000;

/** The stall that a silence of `idleMs` is, or `otherwise` where it is none yet. */
export function stalledOr(idleMs: number, of: StalledOf, otherwise: TransferState): TransferState {
  if (idleMs < STALLED_AFTER_MS) return otherwise;
  return { kind: 'stalled', sinceMs: Math.floor(idleMs), of };
}

/** What a worker is at with one fetch; it writes a code of this into shared memory. */
export const FETCH_PHASES = ['queued', 'connecting', 'receiving', 'writing', 'throttled'] as const;
export type FetchPhase = (typeof FETCH_PHASES)[number];

/** Bytes of one transfer, each count taken where it happens. */
export interface TransferCounts {
  /** Came from an origin. */
  readonly receivedBytes: number;
  /** Of them, those that matched something known before they came: ids on record, or a digest. */
  readonly verifiedBytes: number;
  /** Of them, those whose manifest record was appended: the store holds them. */
  readonly committedBytes: number;
}
