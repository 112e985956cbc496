/**
 * A flight: one chunk being filled. The first reader that misses leads it (cache/fill/fill runs
 * it); others join, read the bytes that have arrived and follow the rest. It owns its draft and,
 * once committed, a lease on the chunk, until the last reader has left.
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
  /** Filled but not stored (in memory): readable while it has readers. */
  | { readonly kind: 'uncached' }
  /** The leader failed for a reason of its own (credentials, cancellation): another may lead. */
  | { readonly kind: 'leader-failed'; readonly error: ForebayError }
  /** No other reader would succeed. */
  | { readonly kind: 'failed'; readonly error: ForebayError };

export type FailedEnd = Extract<FlightEnd, { kind: 'leader-failed' | 'failed' }>;

export type FlightState =
  | { readonly kind: 'queued' }
  | { readonly kind: 'receiving'; readonly draft: ChunkDraft; readonly watermark: SharedWatermark }
  | { readonly kind: 'ended'; readonly end: FlightEnd };

/** One reader's hold on a chunk: its file, and how far it may be read. `release` once. */
export interface ChunkView {
  readonly file: OpenFile;
  /** `null`: every byte is there and checked. */
  readonly watermark: Watermark | null;
  /** Why the watermark failed, when it did. */
  failure(): unknown;
  /** True when it is of what its generation was before it was detached (cache/fill/live-object). */
  isSuperseded?(): boolean;
  /** Its progress at `nowMs` (monotonic); may be called after `release`. */
  progress(nowMs: number): ChunkProgress;
  release(): void;
}

/** What the admin API shows of a fill beside its draft; absent means `false`. */
export type FillingKind = Partial<Pick<Filling, 'fetch' | 'gated' | 'isAttested'>>;

export class Flight {
  readonly index: number;
  /** The request that it is fetched for; others who read it have joined. */
  readonly leader: OriginLocator | null;
  /** The span of its fetch, once it has one: who joins is linked to it. */
  span: Span | undefined;
  /** It is of what the generation was before it was detached (cache/fill/live-object). */
  isSuperseded = false;
  #state: FlightState = { kind: 'queued' };
  #file: OpenFile | undefined;
  #watermark: SharedWatermark | undefined;
  #draft: ChunkDraft | undefined;
  #held: HeldChunk | undefined;
  /** The file, where the store does not hold it. */
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

  /** Settles when there is a file to read, or when there will be none. */
  get whenStarted(): Promise<FlightState> {
    return this.#started.promise;
  }

  get whenEnded(): Promise<FlightEnd> {
    return this.#ended.promise;
  }

  /** True while a reader has this flight open or waits for it to begin. */
  get isWanted(): boolean {
    return this.#readers + this.#waiting > 0;
  }

  /** The worker has given up; its result, which has the reason, has not arrived yet. */
  get isFailing(): boolean {
    return this.#state.kind === 'receiving' && this.#watermark?.state === 'failed';
  }

  /** True while a worker is to bring bytes that it has not received yet. */
  get lacksBytes(): boolean {
    const state = this.#state;
    if (state.kind !== 'receiving' || state.watermark.state !== 'growing') return false;
    return state.watermark.receivedBytes < state.draft.lengthBytes;
  }

  /** Bytes that its worker has received so far. */
  get receivedBytes(): number {
    return this.#watermark?.receivedBytes ?? 0;
  }

  /** True when who joins it can have every byte at once. */
  get isAtHand(): boolean {
    return this.wasReleased && !this.isFailing && this.#state.kind === 'receiving';
  }

  /** True when readers could have had every byte of it, whatever became of it then. */
  get wasReleased(): boolean {
    const { lengthBytes } = this.#filling ?? { lengthBytes: Infinity };
    return (this.#watermark?.available ?? 0) >= lengthBytes;
  }

  /** True when readers may have had some of its bytes. */
  get hasReleased(): boolean {
    return (this.#watermark?.available ?? 0) > 0;
  }

  /** Bytes of the chunk, once it is filled. */
  get filledBytes(): number | null {
    return this.#watermark?.state === 'complete' ? this.#watermark.receivedBytes : null;
  }

  /** Its progress and phase; `nowMs` is monotonic. */
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

  /** The fill waits for a lane as `ticket`. */
  queuedAs(ticket: Pick<JobTicket<unknown>, 'promote' | 'dropIfQueued'>): void {
    this.#ticket = ticket;
  }

  /** A reader waits for it: it is no read-ahead any more. */
  promote(): void {
    this.#ticket?.promote();
  }

  /** Takes read-ahead without readers out of the queue; a running fill finishes. */
  drop(): void {
    this.#ticket?.dropIfQueued();
  }

  /** The leader has a file and a worker is about to write to it. */
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

  /** The worker filled it and the store took it, or did not (`null`): the draft stays readable. */
  filled(held: HeldChunk | null): void {
    if (this.#state.kind === 'ended') {
      // It failed while its commit ran: the lease has no other owner.
      held?.release();
      return;
    }
    this.#held = held ?? undefined;
    if (held !== null) this.#draft = undefined;
    // The store keeps the draft's file only where it has just placed it. Where it took nothing, or
    // had the same bytes already, it let go of the draft, whose last user is the committer:
    //   reader: waits for the digest's check | committer: filled, releases the draft: it closes
    //   check: passes                        | reader: takes its view of a closed file
    // So a flight keeps its own file, whose bytes it had checked, for as long as anybody wants it.
    if (held?.file !== this.#file) {
      this.#file?.retain();
      this.#kept = this.#file;
    }
    this.#end(held === null ? { kind: 'uncached' } : { kind: 'held' });
  }

  /** Lets readers have a withheld flight's bytes; they passed. */
  publish(lengthBytes: number): void {
    this.#watermark?.advance(lengthBytes);
    this.#watermark?.complete();
  }

  fail(end: FailedEnd): void {
    this.#end(end);
    this.#watermark?.fail();
  }

  /**
   * A view for one more reader; `undefined` before it has begun or after it failed. `leads`: the
   * reader is the one whose request the fill is made with.
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
        // The reader plans again: it may lead, or follow another leader.
        return new ForebayError('internal', 'the fill lost its leader', {
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
      // Later readers look the chunk up: nothing keeps the file open any more.
      this.#file = undefined;
    }
    this.#onIdle(this);
  }
}
