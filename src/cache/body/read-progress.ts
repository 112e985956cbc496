/**
 * Progress of the reads of one body: how many bytes of the parts opened so far an origin sent.
 * Reads the counts from the view of each chunk, so that only bytes that have arrived are counted.
 * Owned by a RepresentationBody.
 */
import type { TransferCounts, TransferState } from '../../model/transfer.js';
import { writtenWithin } from '../../model/write-order.js';
import type { ChunkView } from '../flight/flight.js';

/** A part of one chunk that was opened for reading; offsets in the object. */
interface Part {
  readonly from: number;
  to: number;
  readonly chunkStart: number;
  readonly view: Pick<ChunkView, 'progress'>;
}

/**
 * Newest parts that are never folded into the sum. A read that starts again steps back by what the
 * sender had taken and not sent, which lies in the last two parts.
 */
const RECENT_PARTS = 3;

/** Most parts kept: beyond this, settled ones are folded into the sum even without `counts`. */
const MAX_PARTS = 32;

export class ReadProgress {
  #parts: Part[] = [];
  #passed: TransferCounts = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

  /**
   * Records a read of bytes `[from, to)` of the object from `view`, a chunk that begins at
   * `chunkStart`. `nowMs` is monotonic.
   */
  opened(
    view: Pick<ChunkView, 'progress'>,
    chunkStart: number,
    from: number,
    to: number,
    nowMs: number,
  ): void {
    this.#parts.push({ from, to, chunkStart, view });
    if (this.#parts.length > MAX_PARTS) this.#fold(nowMs);
  }

  /** Records that the read starts again at `offset`: what was opened after it was not read. */
  rewound(offset: number): void {
    for (const part of this.#parts) part.to = Math.max(part.from, Math.min(part.to, offset));
  }

  /** Returns the sum over all parts. `nowMs` is monotonic. */
  counts(nowMs: number): TransferCounts {
    this.#fold(nowMs);
    return this.#parts.reduce((sum, part) => plus(sum, countsOf(part, nowMs)), this.#passed);
  }

  /** Returns the start offsets of the chunks whose counts may still change. */
  unsettled(nowMs: number): number[] {
    return this.#parts
      .filter(({ view }) => !view.progress(nowMs).settled)
      .map(({ chunkStart }) => chunkStart);
  }

  /**
   * Returns what the part being read waits for: `null` for nothing, `undefined` before the first
   * part.
   */
  state(nowMs: number): TransferState | null | undefined {
    return this.#parts.at(-1)?.view.progress(nowMs).state;
  }

  /** Folds settled parts into the sum, so that a long read keeps no list of all its chunks. */
  #fold(nowMs: number): void {
    const old = this.#parts.splice(0, Math.max(0, this.#parts.length - RECENT_PARTS));
    const open: Part[] = [];
    for (const part of old) {
      if (part.view.progress(nowMs).settled)
        this.#passed = plus(this.#passed, countsOf(part, nowMs));
      else open.push(part);
    }
    this.#parts.unshift(...open);
  }
}

function countsOf({ view, chunkStart, from, to }: Part, nowMs: number): TransferCounts {
  const { receivedBytes, verifiedBytes, committedBytes, order } = view.progress(nowMs);
  const part = { start: from - chunkStart, end: to - chunkStart };
  const within = (bytes: number): number => writtenWithin(order, bytes, part);
  return {
    receivedBytes: within(receivedBytes),
    verifiedBytes: within(verifiedBytes),
    committedBytes: within(committedBytes),
  };
}

function plus(a: TransferCounts, b: TransferCounts): TransferCounts {
  return {
    receivedBytes: a.receivedBytes + b.receivedBytes,
    verifiedBytes: a.verifiedBytes + b.verifiedBytes,
    committedBytes: a.committedBytes + b.committedBytes,
  };
}
