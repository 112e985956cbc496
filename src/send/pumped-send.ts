/**
 * One send through the pump: pulls segments, queues them as pieces a little ahead of what is being
 * sent, and returns how it ended. `SendfileSender` makes one per send.
 */
import type { ServerResponse } from 'node:http';
import type { Pump } from '../compute/pump.js';
import { SharedWatermark } from '../compute/watermark.js';
import { ForebayError } from '../model/errors.js';
import type { ResponseHead, Segment, SendEnd, SendView } from '../model/segment.js';
import type { Clock } from '../model/time.js';
import { ClientWatch, GONE } from './client-watch.js';
import { type BufferPart, type QueuedPiece, PieceQueue } from './piece-queue.js';
import {
  advanced,
  type FileSegment,
  lengthOf,
  readableEnd,
  releaseSegment,
  tryFirstByte,
} from './segment-bytes.js';
import { SegmentPull } from './segment-pull.js';
import { flushed, socketFd } from './socket-fd.js';
import { type Pace, type PaceBounds, type Stalled, TransferPace } from './transfer-pace.js';
import { writeHead } from './write-head.js';

export interface PumpedSendOptions extends PaceBounds {
  readonly pump: Pump;
  readonly clock: Clock;
}

/**
 * Pieces that the pump has at once: the one that it sends and the next, so that the socket does not
 * run dry while the main thread is busy. Each holds its chunk against eviction.
 */
export const MAX_QUEUED_PIECES = 2;

/** Between two looks for a descriptor, and how many: 5 s in all, in which some transfer ends. */
const WANT_WAIT_MS = 100;
const MAX_WANT_WAITS = 50;

/** How the feeding ended; the watch reports a client's end, the transfer the pump's. */
type FeedResult =
  | { readonly kind: 'all' }
  | { readonly kind: 'cut-short' }
  | { readonly kind: 'failed'; readonly cause: unknown };

export class PumpedSend implements SendView {
  readonly #response: ServerResponse;
  readonly #head: ResponseHead | null;
  readonly #options: PumpedSendOptions;
  readonly #watch: ClientWatch;
  readonly #pull: SegmentPull;
  #queue: PieceQueue | null = null;
  #pace: TransferPace | null = null;
  /** Why the transfer was stopped when its source made no progress. */
  #stall: ForebayError | null = null;

  constructor(
    response: ServerResponse,
    head: ResponseHead | null,
    segments: AsyncIterable<Segment>,
    options: PumpedSendOptions,
  ) {
    this.#response = response;
    this.#head = head;
    this.#options = options;
    this.#watch = new ClientWatch(response, options.clock, options.clientIdleTimeoutMs);
    this.#pull = new SegmentPull(segments, this.#watch);
  }

  get bytesSent(): number {
    const transfer = this.#queue?.transfer;
    return transfer?.progress()?.sentBytes ?? transfer?.bytesSent ?? 0;
  }

  get waitsFor(): 'source' | 'client' {
    return this.#queue?.transfer.progress()?.waitsFor === 'client' ? 'client' : 'source';
  }

  get sinceMs(): number {
    const idleMs = this.#queue?.transfer.progress()?.idleMs;
    if (idleMs === undefined) return this.#watch.sinceMs;
    return this.#options.clock.monotonic() - idleMs;
  }

  /** To be called once; as `SegmentSender.send`. */
  async run(): Promise<SendEnd> {
    try {
      let fed: FeedResult;
      try {
        fed = await this.#feed();
      } catch (cause) {
        fed = { kind: 'failed', cause };
      }
      await this.#pull.close();
      return this.#queue === null ? this.#endWithoutBody(fed) : await this.#endOf(fed, this.#queue);
    } finally {
      this.#pace?.stop();
      this.#watch.stop();
    }
  }

  async #feed(): Promise<FeedResult> {
    for (;;) {
      const segment = await this.#pull.next();
      if (segment === GONE) return { kind: 'cut-short' };
      if (segment === null) return { kind: 'all' };
      if (lengthOf(segment) === 0) {
        releaseSegment(segment);
        continue;
      }
      if ((await this.#take(segment)) === GONE) return { kind: 'cut-short' };
    }
  }

  /** Takes a segment over: queues it, and waits until there is room for the next. */
  async #take(segment: Segment): Promise<typeof GONE | undefined> {
    // This function uses the segment, and so does each part of it that the pump has.
    let uses = 1;
    const release = (): void => {
      uses -= 1;
      if (uses === 0) releaseSegment(segment);
    };
    try {
      const queue = this.#queue ?? (await this.#begin(segment));
      if (queue === GONE) return GONE;
      for (let part = await this.#partOf(segment, 0); part !== null;) {
        if (part === GONE) return GONE;
        if ((await this.#add(queue, segment, part, release)) === GONE) return GONE;
        uses += 1;
        const room = await this.#watch.whilePresent(queue.transfer.room(MAX_QUEUED_PIECES));
        if (room === GONE) return GONE;
        part = await this.#partOf(segment, part.end);
      }
      return undefined;
    } finally {
      release();
    }
  }

  /**
   * Queues a part. Its file needs a descriptor; if there is none, this waits for one, as the head
   * is sent already.
   */
  async #add(
    queue: PieceQueue,
    segment: Segment,
    part: BufferPart,
    release: () => void,
  ): Promise<typeof GONE | undefined> {
    const { clock } = this.#options;
    for (let waits = 0; ; waits += 1) {
      try {
        queue.add(segment, part, release);
        return undefined;
      } catch (error) {
        const isShortage = error instanceof ForebayError && error.code === 'overload';
        if (!isShortage || waits >= MAX_WANT_WAITS) throw error;
      }
      const paused = new Promise<void>((resolve) => clock.after(WANT_WAIT_MS, resolve));
      if ((await this.#watch.whilePresent(paused)) === GONE) return GONE;
    }
  }

  /** The next part of a segment from its byte `at` on; `null` at its end. */
  async #partOf(segment: Segment, at: number): Promise<BufferPart | typeof GONE | null> {
    const end = lengthOf(segment);
    if (at === end) return null;
    if (segment.kind !== 'growing') return { start: at, end, watermark: null };
    const { watermark, offset } = segment;
    if (watermark instanceof SharedWatermark) return { start: at, end, watermark };
    // A watermark that the pump cannot read is followed here.
    const readable = await this.#readable(segment, offset + at);
    return readable === GONE ? GONE : { start: at, end: readable - offset, watermark: null };
  }

  /** Writes the head, once it is sure that there will be a body. */
  async #begin(first: Segment): Promise<PieceQueue | typeof GONE> {
    if (first.kind !== 'bytes' && (await this.#firstByte(first)) === GONE) return GONE;
    const fd = socketFd(this.#response);
    if (fd === null) {
      this.#watch.finish('client-closed');
      return GONE;
    }
    const { pump, clock } = this.#options;
    const transfer = pump.begin<QueuedPiece>(fd);
    const queue = new PieceQueue(transfer);
    this.#queue = queue;
    void transfer.ended().then(() => {
      this.#watch.interrupt();
    });
    if (this.#head !== null) {
      writeHead(this.#response, this.#head);
      this.#response.flushHeaders();
    }
    // What node has not handed over yet would come after the body.
    if ((await this.#watch.whileTaking(flushed(this.#response))) === GONE) return GONE;
    const look = (): Pace | null => {
      const progress = transfer.progress();
      return progress === null ? null : { ...progress, arrivedBytes: queue.arrivedBytes };
    };
    this.#pace = new TransferPace(look, clock, this.#options, (of) => {
      this.#stalled(of, queue);
    });
    return queue;
  }

  /** Waits for it and tries it. What fails before any byte writes no head. */
  async #firstByte(segment: FileSegment): Promise<typeof GONE | undefined> {
    if ((await this.#readable(segment, segment.offset)) === GONE) return GONE;
    const tried = await this.#watch.whilePresent(tryFirstByte(segment, segment.offset));
    return tried === GONE ? GONE : undefined;
  }

  /** The position up to which a file may be read, past `at`. */
  async #readable(segment: FileSegment, at: number): Promise<number | typeof GONE> {
    for (;;) {
      const end = readableEnd(segment, at);
      if (end !== null) return end;
      if (segment.kind !== 'growing') continue;
      const moved = await this.#watch.whilePresent(advanced(segment.watermark, at, this.#options));
      if (moved === GONE) return GONE;
    }
  }

  #stalled(of: Stalled, queue: PieceQueue): void {
    if (of === 'client') {
      this.#watch.finish('client-idle');
      return;
    }
    this.#stall = queue.whyStalled();
    queue.transfer.stop(false);
  }

  #endWithoutBody(fed: FeedResult): SendEnd {
    const { end } = this.#watch;
    if (end !== null) return { reason: end, bytesSent: 0 };
    if (fed.kind === 'failed') return { reason: 'source-failed', bytesSent: 0, cause: fed.cause };
    try {
      if (this.#head !== null) writeHead(this.#response, this.#head);
      return { reason: 'complete', bytesSent: 0 };
    } catch (cause) {
      return { reason: 'source-failed', bytesSent: 0, cause };
    }
  }

  async #endOf(fed: FeedResult, queue: PieceQueue): Promise<SendEnd> {
    const { transfer } = queue;
    if (this.#watch.end === null) {
      // Queued pieces are sent even if a later one failed: the rest begins after them.
      transfer.finish();
      await this.#watch.whilePresent(transfer.ended());
    }
    // Nothing but its client's end leaves a transfer running here.
    transfer.stop(true);
    const end = await transfer.ended();
    const { bytesSent } = transfer;
    // A client that has all may leave before that is heard of, which is no early end.
    if (end.kind === 'complete' && fed.kind === 'all') return { reason: 'complete', bytesSent };
    if (this.#watch.end !== null) return { reason: this.#watch.end, bytesSent };
    switch (end.kind) {
      case 'client-closed':
        return { reason: 'client-closed', bytesSent };
      case 'complete':
        return {
          reason: 'source-failed',
          bytesSent,
          cause: fed.kind === 'failed' ? fed.cause : queue.causeOf(end),
        };
      case 'stopped':
      case 'short-file':
      case 'read-failed':
      case 'watermark-failed': {
        const cause = this.#stall ?? queue.causeOf(end);
        return { reason: 'source-failed', bytesSent, cause };
      }
    }
  }
}
