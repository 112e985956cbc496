/**
 * One generation of an object: its manifest and all that is in motion around it. Gives readers views of
 * chunks: in flight, held, or to be fetched. Made by Generations, one per key; read by RepresentationBody.
 */
import { chunkCount } from '../model/chunk.js';
import { within } from '../model/deferred.js';
import { isRefutedBy } from '../model/digest.js';
import type { ForebayError } from '../model/errors.js';
import type { ChunkRecord } from '../model/manifest.js';
import type { HeldChunk, ObjectHandle } from '../model/store.js';
import { awaitIntegrity, integrityOf } from './await-integrity.js';
import { type Seat, seated } from './client-share.js';
import { driveAll } from './drive.js';
import { ephemeralObject } from './ephemeral-object.js';
import { runFill } from './fill.js';
import type { ChunkView, Flight } from './flight.js';
import { Flights } from './flights.js';
import type { GenerationOptions } from './generation-options.js';
import { HeldReads } from './held-reads.js';
import type { Integrity } from './integrity.js';
import { digestMismatch } from './integrity-state.js';
import type { Arrival, Doubt, GenerationEnd, LiveObject, StreamStarter } from './live-object.js';
import { MAX_ROUNDS, noLeader, refusedLeader, throwUnlessRetryable } from './leaders.js';
import type { CacheServices } from './services.js';
import { boundOf, type Want } from './want.js';

export class Generation implements LiveObject {
  readonly services: CacheServices;
  readonly ephemeral: boolean;
  readonly isStrict: boolean;
  readonly doubts = new Map<number, Doubt>();
  readonly unrecorded = new Map<number, ChunkRecord>();
  readonly #options: GenerationOptions<Generation>;
  readonly #flights: Flights;
  readonly #held: HeldReads;
  readonly #unregister: () => void;
  #object: ObjectHandle;
  #integrity: Integrity;
  #intake: Arrival | undefined;
  #starter: StreamStarter | undefined;
  #starting: Promise<void> | undefined;
  #driving: Promise<void> | undefined;
  #users = 0;
  #closed = false;
  #ended: { readonly reason: GenerationEnd; readonly error: ForebayError } | undefined;

  constructor(options: GenerationOptions<Generation>) {
    this.#options = options;
    this.services = options.services;
    this.ephemeral = options.ephemeral;
    this.isStrict = options.strict;
    this.#object = options.object;
    const onIdle = this.#settleIfIdle.bind(this);
    this.#held = new HeldReads(options.services, onIdle);
    this.#flights = new Flights({
      services: options.services,
      onFailed: (flight) => {
        this.#integrity.failed(flight.index, flight.wasReleased);
      },
      onIdle,
    });
    this.#integrity = this.#startIntegrity();
    this.#unregister = this.services.pressure.register('verification', () => {
      this.#integrity.giveUp();
    });
  }

  get object(): ObjectHandle {
    return this.#object;
  }

  get integrity(): Integrity {
    return this.#integrity;
  }

  get lengthBytes(): number | null {
    return this.#object.identity.lengthBytes;
  }

  get chunkSizeBytes(): number {
    return this.#object.identity.chunkSizeBytes;
  }

  get endIndex(): number {
    const { lengthBytes } = this;
    return lengthBytes === null ? Infinity : chunkCount(lengthBytes, this.chunkSizeBytes);
  }

  get ended(): GenerationEnd | undefined {
    return this.#ended?.reason;
  }

  get streams(): boolean {
    return this.#starter !== undefined || this.#intake?.isStream === true;
  }

  get intake(): Arrival | undefined {
    return this.#intake;
  }

  get isIdle(): boolean {
    const moving = this.#intake ?? this.#starting ?? this.#driving;
    return this.#users + this.#flights.size + this.#held.size === 0 && moving === undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  idsOf(index: number): ChunkRecord | undefined {
    return this.#object.record(index) ?? this.unrecorded.get(index);
  }

  isHeld(index: number): boolean {
    return !this.ephemeral && this.services.chunks.isHeld(this.#object, index);
  }

  /** True when a request for these chunks needs nothing from the origin, now or any more. */
  holds(first: number, end: number): boolean {
    for (let index = first; index < Math.min(end, this.endIndex); index += 1) {
      // Of a flight that has all bytes only the commit is left.
      if (!this.isHeld(index) && this.#flights.get(index)?.isAtHand !== true) return false;
    }
    return this.#ended === undefined;
  }

  /** Counts a user, who calls `release` once. */
  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#intake?.abandoned();
    this.#settleIfIdle();
  }

  /** Lets go of the manifest and of what verification keeps. Only while idle, by its owner. */
  close(): void {
    this.#closed = true;
    this.services.changes.happened();
    this.#unregister();
    this.#integrity.close();
    this.#object.release();
  }

  /**
   * A view of chunk `index`; `undefined` past the end of an object whose length was not known.
   * Rejects with a `ForebayError` when it cannot be had; each wait ends with the request timeout.
   */
  open(index: number, want: Want): Promise<ChunkView | undefined> {
    return seated(want.share, (seat) => this.#find(index, want, seat));
  }

  async #find(index: number, want: Want, seat?: Seat): Promise<ChunkView | undefined> {
    let led: Flight | undefined;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      if (this.#ended !== undefined) throw this.#ended.error;
      if (index >= this.endIndex) return undefined;
      this.#intake?.demand(index);
      if (this.#withholds(index)) {
        const passed = await awaitIntegrity(this, index, want);
        if (passed !== undefined) return passed;
        continue;
      }
      const flight = this.#flights.get(index);
      if (flight !== undefined) {
        const view = await this.#flights.join(flight, want, flight === led);
        if (view !== undefined) return view;
        if (flight === led) throwUnlessRetryable(flight);
        continue;
      }
      const held = this.ephemeral
        ? undefined
        : await this.#held.open(this.#object, index, want.from);
      if (held !== undefined) return held;
      // Another reader may have led while we looked: the flight it left is ours to join.
      if (this.#flights.get(index) !== undefined || this.ended !== undefined) continue;
      // A leader that was refused leads no more: it would take its followers with it again. What the
      // refusal itself brings is still arriving, and its end is to be waited for like any other's.
      if (want.source.isRefused && this.#intake === undefined) throw refusedLeader();
      if (this.streams) await this.awaitStream(index, want);
      // Who waited for a place looks again: another may have led meanwhile.
      else if (seat?.mustWait() === true)
        await seat.wait(want.priority, boundOf(this.services, want.signal));
      else {
        led = this.lead(index, want);
        seat?.keepUntil(led.ended);
      }
    }
    throw noLeader();
  }

  /** Chunk `index` where it is held and verified, and its file is open. */
  openNow(index: number): HeldChunk | undefined {
    return this.#held.openNow(this.#object, index);
  }

  /** Has a held chunk become one that `openNow` gives, if it can. Never rejects. */
  ready(index: number): Promise<void> {
    return this.#held.ready(this.#object, index);
  }

  flight(index: number): Flight | undefined {
    return this.#flights.get(index);
  }

  /** A read of chunk `index` failed: it is verified again before it is read again. */
  doubtHeld(index: number): void {
    this.#held.doubt(index);
    this.services.changes.happened();
  }

  lead(index: number, want: Want, by: 'range' | 'arrival' = 'range'): Flight {
    const flight = this.#flights.add(index, want.source);
    this.services.changes.happened();
    this.#integrity.starting(index);
    if (by === 'range') void runFill(this, flight, want);
    return flight;
  }

  attach(intake: Arrival): void {
    this.#intake = intake;
    this.services.changes.happened();
    // Who asked for it may have left since: it would wait for readers that do not come.
    if (this.#users === 0) intake.abandoned();
    void intake.ended.then((error) => {
      if (this.#intake === intake) this.#intake = undefined;
      if (error !== undefined && this.lengthBytes === null) this.end('incomplete', error);
      this.#settleIfIdle();
    });
  }

  switchToStream(starter: StreamStarter): void {
    this.#starter ??= starter;
  }

  async complete(lengthBytes: number): Promise<void> {
    if (isRefutedBy(this.#object.identity.digest, lengthBytes)) {
      const error = digestMismatch(!this.#options.suspect);
      this.end('condemned', error);
      throw error;
    }
    this.#object = this.ephemeral
      ? ephemeralObject(this.#object.key, { ...this.#object.identity, lengthBytes })
      : await this.services.chunks.complete(this.#object, lengthBytes);
    this.#options.onCompleted(this);
    this.#integrity = this.#startIntegrity();
  }

  filled(flight: Flight, stored: boolean, lengthBytes: number): void {
    const state = flight.state;
    const file = stored || state.kind !== 'receiving' ? undefined : state.draft.file;
    this.doubts.delete(flight.index);
    this.#integrity.filled(flight.index, file, lengthBytes);
  }

  drive(want: Want): Promise<void> {
    this.#driving ??= driveAll(this, want).finally(() => {
      this.#driving = undefined;
      this.#settleIfIdle();
    });
    return this.#driving;
  }

  async awaitStream(index: number, want: Want): Promise<void> {
    const bound = boundOf(this.services, want.signal);
    if (this.#intake !== undefined) return within(this.#intake.reached(index), bound);
    this.#starting ??= this.#starter?.(want).finally(() => {
      this.#starting = undefined;
      this.#settleIfIdle();
    });
    if (this.#starting !== undefined) await within(this.#starting, bound);
  }

  end(reason: GenerationEnd, error: ForebayError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, error };
    // A chunk that is in use stays as an orphan.
    this.services.changes.happened('removal');
    this.#options.onEnded(this, reason);
    this.#intake?.stop();
    this.#flights.failAll(error);
    this.#settleIfIdle();
  }

  /** An object without a length yet cannot say which chunk completes it: all of it waits. */
  #withholds(index: number): boolean {
    const { digest, lengthBytes } = this.#object.identity;
    return (digest !== null && lengthBytes === null) || this.#integrity.withholds(index);
  }

  #startIntegrity(): Integrity {
    const integrity = integrityOf(this, this.isStrict);
    void integrity.settled.then((state) => {
      if (state.kind === 'mismatch') this.end('condemned', digestMismatch(!this.#options.suspect));
      if (state.kind === 'attested') this.#options.onAttested(this);
    });
    return integrity;
  }

  #settleIfIdle(): void {
    if (this.isIdle) this.#options.onIdle(this);
  }
}
