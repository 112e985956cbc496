/** The flights of one generation, by chunk index: registering, joining and forgetting them. */
import { within } from '../../model/deferred.js';
import type { ForebayError } from '../../model/errors.js';
import { type ChunkView, Flight } from './flight.js';
import type { CacheServices } from '../api/services.js';
import type { OriginLocator } from '../../origin/upstream.js';
import { boundOf, type FetchContext } from './fetch-context.js';

export interface FlightsOptions {
  readonly services: CacheServices;
  /** Called when the fill of a chunk failed. */
  readonly onFailed: (flight: Flight) => void;
  /** Called when the last flight was forgotten. */
  readonly onIdle: () => void;
}

export class Flights {
  readonly #options: FlightsOptions;
  readonly #flights = new Map<number, Flight>();

  constructor(options: FlightsOptions) {
    this.#options = options;
  }

  /** Flights that are queued, receiving, or still read from. */
  get size(): number {
    return this.#flights.size;
  }

  get(index: number): Flight | undefined {
    return this.#flights.get(index);
  }

  /** Returns the flight of `index` if it may still be joined. */
  usable(index: number): Flight | undefined {
    const flight = this.#flights.get(index);
    return flight?.isSuperseded === true ? undefined : flight;
  }

  /**
   * Keeps requests from joining the present flights; their readers continue. A queued flight fails
   * with `error`. One that has begun continues to its end: a worker that still writes may release
   * bytes after its flight has failed, and these bytes would be unknown.
   */
  supersede(error: ForebayError): void {
    for (const flight of [...this.#flights.values()]) {
      flight.isSuperseded = true;
      if (flight.state.kind === 'queued') flight.fail({ kind: 'leader-failed', error });
    }
  }

  /** Registers a flight for `index`, which must have none, on behalf of `leader`. */
  add(index: number, leader: OriginLocator | null = null): Flight {
    const forget = (idle: Flight): void => {
      this.#forget(idle);
    };
    const flight = new Flight(index, forget, leader);
    this.#flights.set(index, flight);
    const untrack = this.#options.services.progress.track(flight);
    void flight.whenEnded.then((end) => {
      untrack();
      if (end.kind === 'failed' || end.kind === 'leader-failed') this.#options.onFailed(flight);
      this.#forget(flight);
    });
    return flight;
  }

  /**
   * Waits until `flight` has begun and resolves to a view of it. Resolves to `undefined` when the
   * flight ended without a view: the caller must look again, as the chunk is held now or needs
   * another leader. Rejects when another leader would fail too. `leads`: the flight was started for
   * this request.
   */
  async join(
    flight: Flight,
    fetchContext: FetchContext,
    leads = false,
  ): Promise<ChunkView | undefined> {
    if (fetchContext.priority === 'demand') flight.promote();
    if (flight.leader !== null && flight.leader !== fetchContext.source)
      fetchContext.onCollapsed(flight.span);
    const leave = flight.addWaiter();
    try {
      const bound = boundOf(this.#options.services, fetchContext.signal);
      await within(flight.whenStarted, bound);
      // A reader that plans again before the result is here would only meet the same failure.
      if (flight.isFailing) await within(flight.whenEnded, bound);
      const view = flight.view(leads);
      if (view !== undefined) return view;
      const { state } = flight;
      if (state.kind === 'ended' && state.end.kind === 'failed') throw state.end.error;
      return undefined;
    } finally {
      leave();
    }
  }

  /** Fails every flight with `error`, which its readers get. */
  failAll(error: ForebayError): void {
    for (const flight of [...this.#flights.values()]) flight.fail({ kind: 'failed', error });
  }

  /**
   * Removes `flight` if it has ended, unless a reader needs it to find its uncached bytes. Drops it
   * if it is queued and no reader waits for it.
   */
  #forget(flight: Flight): void {
    if (this.#flights.get(flight.index) !== flight) return;
    const { state } = flight;
    switch (state.kind) {
      case 'queued':
        if (!flight.isWanted) flight.drop();
        return;
      case 'receiving':
        return;
      case 'ended':
        if (state.end.kind === 'uncached' && flight.isWanted) return;
        this.#flights.delete(flight.index);
        if (this.#flights.size === 0) this.#options.onIdle();
    }
  }
}
