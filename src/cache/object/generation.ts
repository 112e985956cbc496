/**
 * One generation of an object: its manifest, flights, digest check and arriving body. Readers open
 * views of its chunks here. Made by Generations, one per key; read by RepresentationBody.
 */
import { chunkCount } from '../../model/chunk.js';
import { isRefutedBy } from '../../model/digest.js';
import type { ForebayError } from '../../model/errors.js';
import type { ChunkRecord } from '../../model/manifest.js';
import type { HeldChunk, ObjectHandle } from '../../model/store.js';
import { Arrivals } from './arrivals.js';
import { integrityOf } from './await-integrity.js';
import { type Permit, withPermit } from '../flight/client-quota.js';
import { driveAll } from './drive.js';
import { Detachment } from './detachment.js';
import { changed } from '../fill/reader-errors.js';
import { ephemeralObject, recordsOf } from './ephemeral-object.js';
import { ChunkDoubts } from '../fill/chunk-doubts.js';
import { runFill } from '../fill/fill.js';
import { findChunk, type Searched } from './find-chunk.js';
import type { ChunkView, Flight } from '../flight/flight.js';
import { Flights } from '../flight/flights.js';
import type { GenerationOptions } from './generation-options.js';
import { HeldReads } from './held-reads.js';
import type { Integrity } from '../integrity/integrity.js';
import { digestMismatch } from '../integrity/integrity-state.js';
import type { Arrival, GenerationEnd, StreamStarter } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';
import type { FetchContext } from '../flight/fetch-context.js';

export class Generation implements Searched {
  readonly services: CacheServices;
  readonly isStrict: boolean;
  readonly isOwn: boolean;
  /** Set by `close`. */
  isClosed = false;
  readonly doubts = new ChunkDoubts();
  readonly #options: GenerationOptions<Generation>;
  readonly #flights: Flights;
  readonly #held: HeldReads;
  readonly #unrecorded = new Map<number, ChunkRecord>();
  readonly #unregister: () => void;
  #object: ObjectHandle;
  #integrity: Integrity;
  readonly #arrivals: Arrivals;
  #driving: Promise<void> | undefined;
  #users = 0;
  readonly #detachment: Detachment;
  #ended: { readonly reason: GenerationEnd; readonly error: ForebayError } | undefined;

  constructor(options: GenerationOptions<Generation>) {
    this.#options = options;
    this.services = options.services;
    this.isStrict = options.strict;
    this.isOwn = options.ephemeral;
    this.#object = options.object;
    const onIdle = this.#settleIfIdle.bind(this);
    this.#detachment = new Detachment({
      onChanged: this.end.bind(this, 'replaced', changed()),
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

  get endReason(): GenerationEnd | undefined {
    return this.#ended?.reason;
  }

  get endError(): ForebayError | undefined {
    return this.#ended?.error;
  }

  get isEphemeral(): boolean {
    return this.isOwn || this.isDetached;
  }

  get isDetached(): boolean {
    return this.#detachment.isOn;
  }

  admits({ source }: FetchContext): boolean {
    return this.#detachment.admits(source);
  }

  get isStreaming(): boolean {
    return this.#arrivals.isStreaming;
  }

  get intake(): Arrival | undefined {
    return this.#arrivals.intake;
  }

  get isIdle(): boolean {
    const isMoving = this.#arrivals.isMoving || this.#driving !== undefined;
    return this.#users + this.#flights.size + this.#held.size === 0 && !isMoving;
  }

  idsOf(index: number): ChunkRecord | undefined {
    return this.#object.record(index) ?? this.#unrecorded.get(index);
  }

  noteUnrecorded(record: ChunkRecord): void {
    this.#unrecorded.set(record.index, record);
  }

  isHeld(index: number): boolean {
    return !this.isEphemeral && this.services.chunks.isHeld(this.#object, index);
  }

  /** Counts a user, which must call `release` once. */
  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.intake?.abandoned();
    this.#settleIfIdle();
  }

  /** Releases the manifest and what the digest check keeps. Called by the owner, only when idle. */
  close(): void {
    this.isClosed = true;
    this.services.changes.bump();
    this.#unregister();
    this.#integrity.close();
    this.#object.release();
  }

  /**
   * Resolves to a view of chunk `index`, or to `undefined` if `index` is past the end. Rejects with
   * a `ForebayError` when the chunk cannot be read or fetched. Each wait has the request timeout.
   */
  open(index: number, fetchContext: FetchContext): Promise<ChunkView | undefined> {
    const parts = { flights: this.#flights, held: this.#held };
    const find = (permit?: Permit) => findChunk(this, parts, index, fetchContext, permit);
    return withPermit(fetchContext.quota, find);
  }

  /** Returns chunk `index` if it is held and verified and its file is open, else `undefined`. */
  openNow(index: number): HeldChunk | undefined {
    return this.#held.openNow(this.#object, index);
  }

  /** Opens and verifies a stored chunk so that the next `openNow` succeeds. Never rejects. */
  ready(index: number): Promise<void> {
    return this.#held.ready(this.#object, index);
  }

  flight(index: number): Flight | undefined {
    return this.#flights.get(index);
  }

  /** Records that a read of chunk `index` failed: it is verified again before the next read. */
  doubtHeld(index: number): void {
    this.#held.doubt(index);
    this.services.changes.bump();
  }

  lead(index: number, fetchContext: FetchContext, by: 'range' | 'arrival' = 'range'): Flight {
    const flight = this.#flights.add(index, fetchContext.source);
    this.services.changes.bump();
    this.#integrity.starting(index);
    if (by === 'range') void runFill(this, flight, fetchContext);
    return flight;
  }

  attach(intake: Arrival): void {
    this.#arrivals.attach(intake);
    this.services.changes.bump();
    // The request that started the body may have ended: the body would wait for readers in vain.
    if (this.#users === 0) intake.abandoned();
  }

  detach(starter: StreamStarter): boolean {
    if (this.isDetached) return true;
    this.#options.onDiverged(this);
    // The check of a claimed digest hashes the chunks in order: the object must start again.
    if (this.#object.identity.digest !== null || this.lengthBytes === null) return false;
    if (this.#detachment.hasLeaked || this.isStreaming || this.#ended !== undefined) return false;
    for (const record of recordsOf(this.#object)) this.noteUnrecorded(record);
    this.#detachment.begin();
    this.services.changes.bump('removal');
    this.#options.onDetached(this);
    this.#arrivals.switchToStream(starter);
    this.#flights.supersede(changed());
    return true;
  }

  switchToStream(starter: StreamStarter): void {
    this.#arrivals.switchToStream(starter);
  }

  async complete(lengthBytes: number): Promise<void> {
    if (isRefutedBy(this.#object.identity.digest, lengthBytes)) throw this.#endForMismatch();
    this.#object = this.isEphemeral
      ? ephemeralObject(this.#object.key, { ...this.#object.identity, lengthBytes })
      : await this.services.chunks.complete(this.#object, lengthBytes);
    this.#options.onCompleted(this);
    this.#integrity = this.#startIntegrity();
  }

  filled(flight: Flight, stored: boolean, lengthBytes: number): void {
    const { index, state } = flight;
    const file = stored || state.kind !== 'receiving' ? undefined : state.draft.file;
    this.doubts.settle(index);
    this.#integrity.filled(index, file, lengthBytes);
  }

  drive(fetchContext: FetchContext): Promise<void> {
    this.#driving ??= driveAll(this, fetchContext).finally(() => {
      this.#driving = undefined;
      this.#settleIfIdle();
    });
    return this.#driving;
  }

  awaitStream(index: number, fetchContext: FetchContext): Promise<void> {
    return this.#arrivals.reached(index, fetchContext);
  }

  end(reason: GenerationEnd, error: ForebayError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, error };
    // The store keeps a removed chunk that is in use as an orphan.
    this.services.changes.bump('removal');
    this.#options.onEnded(this, reason);
    this.intake?.stop();
    this.#flights.failAll(error);
    this.#settleIfIdle();
  }

  /** Without a length the chunk that completes the object is unknown: all chunks wait. */
  withholds(index: number): boolean {
    const { digest } = this.#object.identity;
    return (digest !== null && this.lengthBytes === null) || this.#integrity.withholds(index);
  }

  #startIntegrity(): Integrity {
    const integrity = integrityOf(this, this.isStrict);
    void integrity.whenSettled.then((state) => {
      if (state.kind === 'mismatch') this.#endForMismatch();
      if (state.kind === 'attested') this.#options.onAttested(this);
    });
    return integrity;
  }

  #endForMismatch(): ForebayError {
    const error = digestMismatch(!this.#options.suspect);
    this.end('digest-mismatch', error);
    return error;
  }

  #settleIfIdle(): void {
    if (this.isIdle) this.#options.onIdle(this);
  }
}
