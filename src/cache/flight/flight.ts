/**
 * A flight: one chunk being filled. The first reader that misses leads it (cache/fill/fill runs
 * it); others join, read what has arrived and follow the rest. The flight owns its draft and, once
 * committed, a lease on the chunk, until the last reader has left.
 */
import type { JobTicket } from '../../compute/fill-pool.js';
import type { SharedWatermark } from '../../compute/watermark.js';
import { deferred } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { Span } from '../../model/span.js';
import type { OpenFile, Watermark } from '../../model/segment.js';
import type { ChunkDraft, HeldChunk } from '../../model/store.js';
import type { OriginLocator } from '../../origin/upstream.js';
import { type ChunkProgress, type Filling, flightProgress } from './flight-progress.js';

/** How a flight ended; readers act on the reason. */
export type FlightEnd =
  /** Committed: later readers find it held. */
  | { readonly kind: 'held' }
  /** Filled but not stored (memory): readable until its last reader leaves. */
  | { readonly kind: 'uncached' }
  /** The leader failed for a reason of its own (credentials, cancellation): another may lead. */
  | { readonly kind: 'leader-failed'; readonly error: ForebayError }
  /** Another leader would fail the same way. */
  | { readonly kind: 'failed'; readonly error: ForebayError };

export type FailedEnd = Extract<FlightEnd, { kind: 'leader-failed' | 'failed' }>;

export type FlightState =
  | { readonly kind: 'queued' }
  | { readonly kind: 'receiving'; readonly draft: ChunkDraft; readonly watermark: SharedWatermark }
  | { readonly kind: 'ended'; readonly end: FlightEnd };

/** One reader's view of a chunk: its file, and how far it may be read. Call `release` once. */
export interface ChunkView {
  readonly file: OpenFile;
  /** `null`: every byte is there and checked. */
  readonly watermark: Watermark | null;
  /** Returns why the watermark failed, if it did. */
  failure(): unknown;
  /** True when the view is from before its generation was detached (cache/fill/live-object). */
  isSuperseded?(): boolean;
  /** Returns the progress at `nowMs` (monotonic); may be called after `release` too. */
  progress(nowMs: number): ChunkProgress;
  release(): void;
}

/** Details of a fill for its progress; the defaults are those of `Flight.begin`. */
export type FillingKind = Partial<Pick<Filling, 'fetch' | 'gated' | 'isAttested'>>;

export class Flight {
  readonly index: number;
  /** The request that it is fetched for; all its other readers have joined. */
  readonly leader: OriginLocator | null;
  /** The span of its fetch, once it has one: requests that join are linked to it. */
  span: Span | undefined;
  /** True when it is from before its generation was detached (cache/fill/live-object). */
  isSuperseded = false;
  #state: FlightState = { kind: 'queued' };
  #file: OpenFile | undefined;
  #watermark: SharedWatermark | undefined;
  #draft: ChunkDraft | undefined;
  #held: HeldChunk | undefined;
  /** The flight's own file, where the store does not keep it open. */
  #kept: OpenFile | undefined;
  #filling: Filling | undefined;
  #readers = 0;
  #waiting = 0;
  #ticket: Pick<JobTicket<unknown>, 'promote' | 'dropIfQueued'> | undefined;
  readonly #started = deferred<FlightState>();
  readonly #ended = deferred<FlightEnd>();
  readonly #onIdle: (flight: Flight) => void;

  /** `onIdle` is called when the last reader leaves or gives up waiting. */
  constructor(
    index: number,
    onIdle: (flight: Flight) => void,
    leader: OriginLocator | null = null,
  ) {
    this.index = index;
    this.leader = leader;
    this.#onIdle = onIdle;
  }

  get state(): FlightState {
    return this.#state;
  }

  /** Resolves when there is a file to read, or when the flight ended without one. */
  get whenStarted(): Promise<FlightState> {
    return this.#started.promise;
  }

  get whenEnded(): Promise<FlightEnd> {
    return this.#ended.promise;
  }

  /** True while a reader reads this flight or waits for it to begin. */
  get isWanted(): boolean {
    return this.#readers + this.#waiting > 0;
  }

  /** True when the worker has given up, and its result with the reason has not arrived yet. */
  get isFailing(): boolean {
    return this.#state.kind === 'receiving' && this.#watermark?.state === 'failed';
  }

  /** True while the flight is receiving and bytes are still missing. */
  get lacksBytes(): boolean {
    const state = this.#state;
    if (state.kind !== 'receiving' || state.watermark.state !== 'growing') return false;
    return state.watermark.receivedBytes < state.draft.lengthBytes;
  }

  /** Bytes that its worker has received so far. */
  get receivedBytes(): number {
    return this.#watermark?.receivedBytes ?? 0;
  }

  /** True when a reader that joins can read every byte at once. */
  get isAtHand(): boolean {
    return this.wasReleased && !this.isFailing && this.#state.kind === 'receiving';
  }

  /** True when every byte was released to readers, whether or not the flight failed later. */
  get wasReleased(): boolean {
    const { lengthBytes } = this.#filling ?? { lengthBytes: Infinity };
    return (this.#watermark?.available ?? 0) >= lengthBytes;
  }

  /** True when some bytes were released to readers. */
  get hasReleased(): boolean {
    return (this.#watermark?.available ?? 0) > 0;
  }

  /** Length of the chunk once it is filled; `null` before. */
  get filledBytes(): number | null {
    return this.#watermark?.state === 'complete' ? this.#watermark.receivedBytes : null;
  }

  /** Returns the progress of the flight; `nowMs` is monotonic. */
  progress(nowMs: number): ChunkProgress {
    const end = this.#state.kind === 'ended' ? this.#state.end : undefined;
    return flightProgress(this.#filling, end, nowMs);
  }

  /**
   * Counts a reader that waits for the flight to begin; the returned function uncounts it, once.
   */
  addWaiter(): () => void {
    this.#waiting += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#waiting -= 1;
      this.#settleIfIdle();
    };
  }

  /** Sets the ticket with which the fill waits for a lane. */
  queuedAs(ticket: Pick<JobTicket<unknown>, 'promote' | 'dropIfQueued'>): void {
    this.#ticket = ticket;
  }

  /** Raises the fill's priority: a reader needs it now, not only as read-ahead. */
  promote(): void {
    this.#ticket?.promote();
  }

  /** Takes the fill out of the queue, as no reader needs it any more; a running fill finishes. */
  drop(): void {
    this.#ticket?.dropIfQueued();
  }

  /** Begins the flight: it has a file, and a worker is about to write to it. */
  begin(draft: ChunkDraft, watermark: SharedWatermark, kind: FillingKind = {}): void {
    this.#draft = draft;
    const { lengthBytes } = draft;
    const { fetch = watermark, gated = false, isAttested = () => false } = kind;
    this.#filling = { watermark, fetch, lengthBytes, gated, isAttested };
    this.#file = draft.file;
    this.#watermark = watermark;
    this.#state = { kind: 'receiving', draft, watermark };
    this.#started.resolve(this.#state);
  }

  /** Ends the flight well; `null` where the store did not take the draft, which stays readable. */
  filled(held: HeldChunk | null): void {
    if (this.#state.kind === 'ended') {
      // It failed during its commit: nothing else would release the lease.
      held?.release();
      return;
    }
    this.#held = held ?? undefined;
    if (held !== null) this.#draft = undefined;
    // The store keeps the draft's file open only if it has just renamed it into place. If it stored
    // nothing, or had the same bytes already, only the committer still holds the file:
    //   reader: waits for the digest check | committer: `filled`, releases the draft: file closes
    //   check: passes                      | reader: gets a view of a closed file
    // So the flight retains its own file, whose bytes were checked, until its last reader leaves.
    if (held?.file !== this.#file) {
      this.#file?.retain();
      this.#kept = this.#file;
    }
    this.#end(held === null ? { kind: 'uncached' } : { kind: 'held' });
  }

  /** Releases all bytes of a filled chunk to its readers, also of a withheld one. */
  publish(lengthBytes: number): void {
    this.#watermark?.advance(lengthBytes);
    this.#watermark?.complete();
  }

  fail(end: FailedEnd): void {
    this.#end(end);
    this.#watermark?.fail();
  }

  /**
   * Returns a view for one more reader; `undefined` before the flight has begun or after it failed.
   * `leads`: the reader is the flight's leader.
   */
  view(leads = false): ChunkView | undefined {
    const file = this.#file;
    const watermark = this.#watermark;
    if (file === undefined || watermark === undefined || this.#hasFailed()) return undefined;
    file.retain();
    this.#readers += 1;
    let left = false;
    return {
      file,
      watermark,
      isSuperseded: () => this.isSuperseded,
      failure: () => this.#failure(leads),
      progress: (nowMs) => this.progress(nowMs),
      release: () => {
        if (left) return;
        left = true;
        file.release();
        this.#readers -= 1;
        this.#settleIfIdle();
      },
    };
  }

  #hasFailed(): boolean {
    const state = this.#state;
    return (
      state.kind === 'ended' && (state.end.kind === 'failed' || state.end.kind === 'leader-failed')
    );
  }

  #failure(leads: boolean): unknown {
    const state = this.#state;
    if (state.kind !== 'ended') return undefined;
    switch (state.end.kind) {
      case 'failed':
        return state.end.error;
      case 'leader-failed': {
        const { error } = state.end;
        // The leader itself would only fail again.
        if (leads && !error.retryable) return error;
        // A reader that tries again may lead, or join a leader that succeeds.
        return new ForebayError('internal', 'the request that led this fetch failed', {
          source: 'internal',
          retryable: true,
          cause: error,
        });
      }
      case 'held':
      case 'uncached':
        return undefined;
    }
  }

  #end(end: FlightEnd): void {
    if (this.#state.kind === 'ended') return;
    this.#state = { kind: 'ended', end };
    this.#started.resolve(this.#state);
    this.#ended.resolve(end);
    this.#settleIfIdle();
  }

  #settleIfIdle(): void {
    if (this.isWanted) return;
    if (this.#state.kind === 'ended') {
      this.#held?.release();
      this.#held = undefined;
      this.#draft?.discard();
      this.#draft = undefined;
      this.#kept?.release();
      this.#kept = undefined;
      // Nothing holds the file open any more: a new reader must look the chunk up again.
      this.#file = undefined;
    }
    this.#onIdle(this);
  }
}
