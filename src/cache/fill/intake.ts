/**
 * Stores the body of an origin exchange: gives the worker a slot for each chunk that the body
 * reaches, and commits written chunks through flights that readers can join. A 206 brings one
 * chunk. A 200 brings the whole object; it is paced only if it would evict its own beginning.
 */
import type { KnownContent, WrittenChunk } from '../../compute/protocol.js';
import { chunkRange } from '../../model/chunk.js';
import { type Deferred, deferred } from '../../model/deferred.js';
import { asForebayError, errorFromReport, ForebayError } from '../../model/errors.js';
import type { ChunkOffset } from '../../model/offset.js';
import { FILL_START_BYTES } from '../../model/write-order.js';
import type { OriginExchange } from './origin-exchange.js';
import { isAttested, watchFlight } from './fill-watch.js';
import { store, moveDraft } from './commit-chunk.js';
import type { FailedEnd, Flight } from '../flight/flight.js';
import type { Arrival, LiveObject } from './live-object.js';
import { type Gate, openSlot } from './open-slot.js';

/**
 * Share of the capacity above which a stream is paced by its readers: at the origin's pace it would
 * evict its own beginning, and all other objects, before they read it.
 */
const FREE_RUN_SHARE = 0.5;

export class Intake implements Arrival {
  readonly whenEnded: Promise<ForebayError | undefined>;
  readonly #generation: LiveObject;
  readonly #exchange: OriginExchange;
  readonly #onePart: boolean;
  /** Offset in the first chunk at which the body begins. */
  readonly #from: ChunkOffset;
  readonly #content: KnownContent | undefined;
  readonly #landings = new Map<number, Promise<void>>();
  readonly #waiters = new Set<{ readonly index: number; readonly reached: Deferred<undefined> }>();
  #next: number;
  #demanded: number;
  #moved: Deferred<undefined> = deferred();
  #flight: Flight | undefined;
  #stopped = false;
  #over = false;

  /**
   * `onePart`: the body is one chunk from its byte `from` on, and the worker also fetches the bytes
   * before that; else it is the object from chunk `index` to its end. `content`: what is known of
   * the body beside its head.
   */
  constructor(
    generation: LiveObject,
    exchange: OriginExchange,
    first: {
      readonly index: number;
      readonly onePart: boolean;
      readonly from?: ChunkOffset;
      readonly content?: KnownContent;
    },
  ) {
    this.#generation = generation;
    this.#exchange = exchange;
    this.#onePart = first.onePart;
    this.#from = first.from ?? 0;
    this.#content = first.content;
    this.#next = first.index;
    this.#demanded = first.index;
    this.whenEnded = this.#run();
    generation.attach(this);
    exchange.listen((event) => {
      switch (event.kind) {
        case 'want':
          void this.#grant(event.index);
          return;
        case 'wrote':
          this.#land(event.chunk);
          return;
      }
    });
    void this.#grant(first.index);
  }

  get isStream(): boolean {
    return !this.#onePart;
  }

  demand(index: number): void {
    if (index <= this.#demanded) return;
    this.#demanded = index;
    this.#move();
  }

  reached(index: number): Promise<void> {
    if (this.#over || index < this.#next) return this.whenEnded.then(() => undefined);
    const waiter = { index, reached: deferred<undefined>() };
    this.#waiters.add(waiter);
    return waiter.reached.promise;
  }

  abandoned(): void {
    if (this.#isPaced() && !this.#onePart) this.stop();
  }

  stop(): void {
    this.#stopped = true;
    this.#exchange.stop();
    this.#move();
  }

  /** Opens a flight for chunk `index` and sends the worker its slot, once the stream may go on. */
  async #grant(index: number): Promise<void> {
    try {
      await this.#mayGoTo(index);
      if (this.#stopped) {
        this.#exchange.reply({ kind: 'stop' });
        return;
      }
      await this.#open(index);
    } catch (thrown) {
      this.#flight?.fail({
        kind: 'failed',
        error: asForebayError(thrown, 'a stream could not be stored'),
      });
      this.stop();
      this.#exchange.reply({ kind: 'stop' });
    }
  }

  async #open(index: number): Promise<void> {
    const generation = this.#generation;
    // A ranged fill of the same chunk may still run: the chunk has one flight at a time.
    let other = generation.flight(index);
    while (other !== undefined && other.state.kind !== 'ended') {
      await other.whenEnded;
      other = generation.flight(index);
    }
    if (this.#mustStop()) {
      this.#exchange.reply({ kind: 'stop' });
      return;
    }
    // Registered before room is reserved: a reader that came meanwhile would start a second fill.
    const flight = generation.lead(index, this.#exchange.fetchContext, 'arrival');
    this.#exchange.fetchContext.brings(index, flight);
    flight.span = this.#exchange.span;
    this.#flight = flight;
    watchFlight(generation, flight);
    const { lengthBytes, chunkSizeBytes } = generation;
    const range =
      lengthBytes === null
        ? { start: index * chunkSizeBytes, end: (index + 1) * chunkSizeBytes }
        : chunkRange(index, lengthBytes, chunkSizeBytes);
    const slot = await openSlot(generation, flight, {
      range,
      priority: 'demand',
      from: this.#from,
      // The body was requested from a multiple of this.
      stepBytes: () => FILL_START_BYTES,
      gate: () => this.#gateOf(index),
      fetch: this.#exchange.fetch,
      isStopped: () => this.#mustStop(),
    });
    if (slot === undefined) {
      flight.fail({ kind: 'leader-failed', error: stopped() });
      this.#exchange.reply({ kind: 'stop' });
      return;
    }
    this.#next = index + 1;
    this.#exchange.place(slot, flight, this.#content);
    this.#wake();
  }

  #gateOf(index: number): Gate {
    const generation = this.#generation;
    // Readers of a detached generation may have had each known byte: it must be the same again.
    const isGated = isAttested(generation) || generation.isDetached;
    const known = isGated ? generation.idsOf(index)?.groupIds : undefined;
    return { expectedGroupIds: known ?? null, withheld: false };
  }

  #land(chunk: WrittenChunk): void {
    const flight = this.#flight;
    if (flight?.index !== chunk.index) return;
    const landing = store(this.#generation, flight, chunk).catch((thrown: unknown) => {
      flight.fail({
        kind: 'failed',
        error: asForebayError(thrown, 'a stream could not be stored'),
      });
    });
    this.#landings.set(chunk.index, landing);
  }

  async #run(): Promise<ForebayError | undefined> {
    const result = await this.#exchange.result;
    moveDraft(this.#flight, result.diskFailure);
    let error: ForebayError | undefined;
    switch (result.kind) {
      case 'complete':
        error = await this.#complete(result.lengthBytes);
        break;
      case 'stopped':
        error = stopped();
        break;
      case 'failed':
        error = errorFromReport(result.error);
        break;
    }
    if (error !== undefined) this.#flight?.fail(endOf(error, this.#onePart));
    this.#over = true;
    this.#wake();
    return this.#onePart ? undefined : error;
  }

  async #complete(lengthBytes: number): Promise<ForebayError | undefined> {
    try {
      await Promise.all(this.#landings.values());
      if (lengthBytes === 0) await this.#nothingCame();
      const end = await this.#flight?.whenEnded;
      if (end?.kind === 'failed' || end?.kind === 'leader-failed') return end.error;
      if (this.#generation.lengthBytes === null) await this.#generation.complete(lengthBytes);
      return undefined;
    } catch (thrown) {
      return asForebayError(thrown, 'a stream could not be stored');
    }
  }

  /** An empty body fills no chunk: its readers find the object complete and empty. */
  async #nothingCame(): Promise<void> {
    if (this.#generation.lengthBytes === null) await this.#generation.complete(0);
    this.#flight?.publish(0);
    this.#flight?.filled(null);
  }

  /** To be called after each wait: the stream may have been stopped, or have ended, meanwhile. */
  #mustStop(): boolean {
    return this.#stopped || this.#over;
  }

  async #mayGoTo(index: number): Promise<void> {
    const { isEphemeral: ephemeral, services } = this.#generation;
    // Unstored chunks exist only while a reader has them open: ahead of readers they would be lost.
    const ahead = ephemeral ? 0 : services.limits.readAheadChunks;
    while (!this.#stopped && this.#isPaced() && index > this.#demanded + ahead) {
      await this.#moved.promise;
    }
  }

  #isPaced(): boolean {
    const { isEphemeral: ephemeral, lengthBytes, services } = this.#generation;
    const share = services.chunks.usage().capacityBytes * FREE_RUN_SHARE;
    return ephemeral || (lengthBytes ?? this.#next * this.#generation.chunkSizeBytes) > share;
  }

  #move(): void {
    this.#moved.resolve(undefined);
    this.#moved = deferred();
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      if (!this.#over && waiter.index >= this.#next) continue;
      this.#waiters.delete(waiter);
      waiter.reached.resolve(undefined);
    }
  }
}

/**
 * The ending of a flight whose body failed. If the worker's second request was refused, redirected
 * or answered with the whole object, each reader starts a fill of its own, which handles those
 * cases.
 */
function endOf(error: ForebayError, onePart: boolean): FailedEnd {
  const { code, originStatus } = error;
  const isRedirect = originStatus !== undefined && originStatus >= 300 && originStatus < 400;
  const mayLead = isRedirect || code === 'origin-denied' || code === 'origin-range-mismatch';
  return { kind: onePart && mayLead ? 'leader-failed' : 'failed', error };
}

function stopped(): ForebayError {
  return new ForebayError('cancelled', 'the stream was stopped', AGAIN);
}

const AGAIN = { source: 'internal', retryable: true } as const;
