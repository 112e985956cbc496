/**
 * The progress of a flight, read from the words that its worker writes into shared memory. Pure.
 */
import type { SharedWatermark } from '../../compute/watermark.js';
import type { ErrorCode } from '../../model/errors.js';
import { FORWARD, type WriteOrder } from '../../model/write-order.js';
import { stalledOr, type TransferCounts, type TransferState } from '../../model/transfer.js';

/** One chunk as a reader of it, or an onlooker, sees it now. */
export interface ChunkProgress extends TransferCounts {
  /** Which bytes of the chunk the counts are of: the first ones in this order. */
  readonly order: WriteOrder;
  /** What its next byte waits for; `null`: every byte is available. */
  readonly state: TransferState | null;
  /** True when no count will change any more. */
  readonly settled: boolean;
}

/** What a flight is filled by. */
export interface Filling {
  readonly watermark: SharedWatermark;
  /**
   * Where the fetch reports its phase: the flight's own watermark, or its exchange's control words.
   */
  readonly fetch: Pick<SharedWatermark, 'phase' | 'activeAtMs'>;
  readonly lengthBytes: number;
  /** The worker compares each group with ids that were known before. */
  readonly gated: boolean;
  /** True once a digest was checked that covers the chunk. */
  isAttested(): boolean;
}

/** How it ended, as far as its progress goes. */
export type Ending =
  | { readonly kind: 'held' | 'uncached' }
  | { readonly kind: 'failed' | 'leader-failed'; readonly error: { readonly code: ErrorCode } };

/** A held chunk: no bytes from an origin, nothing to wait for. */
export const HELD_PROGRESS: ChunkProgress = {
  receivedBytes: 0,
  verifiedBytes: 0,
  committedBytes: 0,
  order: FORWARD,
  state: null,
  settled: true,
};

const NOTHING: TransferCounts = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

/** `nowMs` is monotonic. `filling` is `undefined` before a worker has the chunk. */
export function flightProgress(
  filling: Filling | undefined,
  end: Ending | undefined,
  nowMs: number,
): ChunkProgress {
  if (filling === undefined) {
    const state = end === undefined ? ({ kind: 'queued' } as const) : stateOfEnd(end);
    return { ...NOTHING, order: FORWARD, state, settled: end !== undefined };
  }
  const { watermark, gated } = filling;
  const { receivedBytes } = watermark;
  const wentWell = end?.kind === 'held' || end?.kind === 'uncached';
  const attested = wentWell && filling.isAttested();
  return {
    receivedBytes,
    // The gate releases what matched, and nothing else.
    verifiedBytes: attested ? receivedBytes : gated ? watermark.available : 0,
    committedBytes: end?.kind === 'held' ? receivedBytes : 0,
    order: watermark.order,
    state: end === undefined ? stateOfFilling(filling, nowMs) : stateOfEnd(end),
    settled: end !== undefined,
  };
}

function stateOfEnd(end: Ending): TransferState {
  switch (end.kind) {
    case 'held':
    case 'uncached':
      return { kind: 'done' };
    case 'failed':
    case 'leader-failed':
      return { kind: 'failed', cause: end.error.code };
  }
}

function stateOfFilling({ watermark, fetch, lengthBytes }: Filling, nowMs: number): TransferState {
  if (watermark.state === 'complete' || watermark.receivedBytes >= lengthBytes) {
    return { kind: 'verifying' };
  }
  if (watermark.phase === 'writing') {
    return stalledOr(nowMs - watermark.activeAtMs, 'disk', { kind: 'receiving' });
  }
  return stateOfFetch(fetch, nowMs, watermark.activeAtMs);
}

/** What a fetch is at; `lastByteAtMs` where its bytes are counted elsewhere. */
export function stateOfFetch(
  fetch: Pick<SharedWatermark, 'phase' | 'activeAtMs'>,
  nowMs: number,
  lastByteAtMs = 0,
): TransferState {
  const idleMs = nowMs - Math.max(fetch.activeAtMs, lastByteAtMs);
  switch (fetch.phase) {
    case 'queued':
      return { kind: 'queued' };
    case 'throttled':
      return { kind: 'throttled' };
    case 'connecting':
      return stalledOr(idleMs, 'origin', { kind: 'connecting' });
    case 'receiving':
    case 'writing':
      return stalledOr(idleMs, 'origin', { kind: 'receiving' });
  }
}
