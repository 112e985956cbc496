/**
 * One generation of an object: its manifest and all that is in motion around it. Gives readers views of
 * chunks: in flight, held, or to be fetched. Made by Generations, one per key; read by RepresentationBody.
 */
import { chunkCount } from '../../model/chunk.js';
import { isRefutedBy } from '../../model/digest.js';
import type { ForebayError } from '../../model/errors.js';
import type { ChunkRecord } from '../../model/manifest.js';
import type { HeldChunk, ObjectHandle } from '../../model/store.js';
import { Arrivals } from './arrivals.js';
import { integrityOf } from './await-integrity.js';
import { seated } from '../flight/client-share.js';
import { driveAll } from './drive.js';
import { Detachment } from './detachment.js';
import { changed } from '../fill/ends.js';
import { ephemeralObject, recordsOf } from './ephemeral-object.js';
import { runFill } from '../fill/fill.js';
import { findChunk, type Searched } from './find-chunk.js';
import type { ChunkView, Flight } from '../flight/flight.js';
import { Flights } from '../flight/flights.js';
import type { GenerationOptions } from './generation-options.js';
import { HeldReads } from './held-reads.js';
import type { Integrity } from '../integrity/integrity.js';
import { digestMismatch } from '../integrity/integrity-state.js';
import type { Arrival, Doubt, GenerationEnd, StreamStarter } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';
import type { Want } from '../flight/want.js';

export class Generation implements Searched {
  readonly services: CacheServices;
  readonly isStrict: boolean;
  readonly isOwn: boolean;
  readonly doubts = new Map<number, Doubt>();
  readonly unrecorded = new Map<number, ChunkRecord>();
  readonly #options: GenerationOptions<Generation>;
  readonly #flights: Flights;
  readonly #held: HeldReads;
  readonly #unregister: () => void;
  #object: ObjectHandle;
  #integrity: Integrity;
  readonly #arrivals: Arrivals;
  #driving: Promise<void> | undefined;
  #users = 0;
  readonly #detachment: Detachment;
  #closed = false;
  #ended: { readonly reason: GenerationEnd; readonly error: ForebayError } | undefined;

  constructor(options: GenerationOptions<Generation>) {
    this.#options = options;
    this.services = options.services;
    this.isStrict = options.strict;
    this.isOwn = options.ephemeral;
    this.#object = options.object;
    const onIdle = this.#settleIfIdle.bind(this);
    this.#detachment = new Detachment({
      onChanged: this.end.bind(this, 'changed', changed()),
      onAgain: options.onDiverged.bind(options, this),
    });
    this.#arrivals = new Arrivals({
      services: options.services,
      onEnded: (error, isStream) => {
        if (error !== undefined && this.lengthBytes === null) this.end('incomplete', error);
        if (isStream) this.#detachment.streamEnded(error);
        onIdle();
      },
      onStarted: onIdle,
    });
    this.#held = new HeldReads(options.services, onIdle);
    this.#flights = new Flights({
      services: options.services,
      onFailed: (flight) => {
        this.#integrity.failed(flight.index, flight.wasReleased);
        if (flight.hasReleased) this.#detachment.leaked();
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

  get endError(): ForebayError | undefined {
    return this.#ended?.error;
  }

  get ephemeral(): boolean {
    return this.isOwn || this.isDetached;
  }

  get isDetached(): boolean {
    return this.#detachment.isOn;
  }

  admits({ source }: Want): boolean {
    return this.#detachment.admits(source);
  }

  get streams(): boolean {
    return this.#arrivals.streams;
  }

  get intake(): Arrival | undefined {
    return this.#arrivals.intake;
  }

  get isIdle(): boolean {
    const isMoving = this.#arrivals.isMoving || this.#driving !== undefined;
    return this.#users + this.#flights.size + this.#held.size === 0 && !isMoving;
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
    if (this.#users === 0) this.intake?.abandoned();
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
    const from = { flights: this.#flights, held: this.#held };
    return seated(want.share, (seat) => findChunk(this, from, index, want, seat));
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
    this.#arrivals.attach(intake);
    this.services.changes.happened();
    // Who asked for it may have left since: it would wait for readers that do not come.
    if (this.#users === 0) intake.abandoned();
  }

  detach(starter: StreamStarter): boolean {
    if (this.isDetached) return true;
    this.#options.onDiverged(this);
    // What a digest is claimed for is checked in the order of its chunks: it begins anew.
    if (this.#object.identity.digest !== null || this.lengthBytes === null) return false;
    if (this.#detachment.hasLeaked || this.streams || this.#ended !== undefined) return false;
    for (const record of recordsOf(this.#object)) this.unrecorded.set(record.index, record);
    this.#detachment.begin();
    this.services.changes.happened('removal');
    this.#options.onDetached(this);
    this.#arrivals.switchToStream(starter);
    this.#flights.supersede(changed());
    return true;
  }

  switchToStream(starter: StreamStarter): void {
    this.#arrivals.switchToStream(starter);
  }

  async complete(lengthBytes: number): Promise<void> {
    const isRefuted = isRefutedBy(this.#object.identity.digest, lengthBytes);
    if (isRefuted) this.end('condemned', digestMismatch(!this.#options.suspect));
    if (isRefuted) throw digestMismatch(!this.#options.suspect);
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

  awaitStream(index: number, want: Want): Promise<void> {
    return this.#arrivals.reached(index, want);
  }

  end(reason: GenerationEnd, error: ForebayError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, error };
    // A chunk that is in use stays as an orphan.
    this.services.changes.happened('removal');
    this.#options.onEnded(this, reason);
    this.intake?.stop();
    this.#flights.failAll(error);
    this.#settleIfIdle();
  }

  /** An object without a length yet cannot say which chunk completes it: all of it waits. */
  withholds(index: number): boolean {
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
