/**
 * The progress of one body's reads: how much of its parts came from an origin. Each part's view is
 * read anew, so that counts are of bytes that have arrived. Owned by a reader.
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
 * Finished parts that stay apart: a reader that starts again steps back over bytes that the sender
 * took and did not send, which lie in the last two parts.
 */
const RECENT_PARTS = 3;

/** Parts kept before finished ones are added up, if the progress is never read. */
const MAX_PARTS = 32;

export class ReadProgress {
  #parts: Part[] = [];
  #passed: TransferCounts = { receivedBytes: 0, verifiedBytes: 0, committedBytes: 0 };

  /** Bytes `[from, to)` are read from `view`, a chunk that begins at `chunkStart`. */
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

  /** The read starts again at `at`: parts beyond it were not read. */
  rewound(at: number): void {
    for (const part of this.#parts) part.to = Math.max(part.from, Math.min(part.to, at));
  }

  /** `nowMs` is monotonic. */
  counts(nowMs: number): TransferCounts {
    this.#fold(nowMs);
    return this.#parts.reduce((sum, part) => plus(sum, countsOf(part, nowMs)), this.#passed);
  }

  /** Where chunks begin whose counts may still change. */
  unsettled(nowMs: number): number[] {
    return this.#parts
      .filter(({ view }) => !view.progress(nowMs).settled)
      .map(({ chunkStart }) => chunkStart);
  }

  /** What the part being read waits for; `null`: nothing. `undefined` before the first. */
  state(nowMs: number): TransferState | null | undefined {
    return this.#parts.at(-1)?.view.progress(nowMs).state;
  }

  /** Adds up finished parts, so that a long read keeps no list of all its chunks. */
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
