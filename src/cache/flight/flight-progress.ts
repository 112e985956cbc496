/**
 * Computes a flight's progress from the values that its worker writes into shared memory. Pure.
 */
import type { SharedWatermark } from '../../compute/watermark.js';
import type { ErrorCode } from '../../model/errors.js';
import { FORWARD, type WriteOrder } from '../../model/write-order.js';
import { stalledOr, type TransferCounts, type TransferState } from '../../model/transfer.js';

/** The current progress of one chunk. */
export interface ChunkProgress extends TransferCounts {
  /** The order in which the counted bytes of the chunk arrive. */
  readonly order: WriteOrder;
  /** What the next byte waits for; `null` when every byte is available. */
  readonly state: TransferState | null;
  /** True when no count will change any more. */
  readonly settled: boolean;
}

/** The fill of a flight. */
export interface Filling {
  readonly watermark: SharedWatermark;
  /** Where the worker writes its phase: the flight's own watermark, or its exchange's control. */
  readonly fetch: Pick<SharedWatermark, 'phase' | 'activeAtMs'>;
  readonly lengthBytes: number;
  /** True when the worker compares each group with ids that were known before. */
  readonly gated: boolean;
  /** True once a digest that covers the chunk was checked. */
  isAttested(): boolean;
}

/** The parts of a `FlightEnd` that progress depends on. */
export type Ending =
  | { readonly kind: 'held' | 'uncached' }
  | { readonly kind: 'failed' | 'leader-failed'; readonly error: { readonly code: ErrorCode } };

/** The progress of a held chunk: no byte comes from an origin, and nothing is waited for. */
export const HELD_PROGRESS: ChunkProgress = {
  receivedBytes: 0,
  verifiedBytes: 0,
  committedBytes: 0,
  order: FORWARD,
  state: null,
  settled: true,
};

const NOTHING: TransferCounts = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

/**
 * Returns a flight's progress. `nowMs` is monotonic. `filling` is `undefined` before a worker has
 * the chunk.
 */
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
    // The gate releases only groups that matched their ids.
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

/**
 * Returns the state of a fetch. Times are monotonic, in ms. `lastByteAtMs`: the last activity of
 * the watermark that counts the fetch's bytes, if that is another.
 */
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
