/**
 * One reader's window of open chunks. It starts small, so that a short read costs one chunk, and
 * doubles with each chunk that the reader takes, up to its limit (read-ahead-limit). Every view in
 * it leases its chunk; under pressure it releases all but the chunk being read.
 */
import { setMaxListeners } from 'node:events';
import type { ChunkView } from '../flight/flight.js';
import type { Generation } from '../object/generation.js';
import { readAheadChunks } from '../flight/read-ahead-limit.js';
import type { FetchContext } from '../flight/fetch-context.js';

/** Chunks open at first, the one being read included: enough to overlap one fetch with one send. */
const FIRST_WINDOW = 2;

/** A chunk opened ahead: its view, or `undefined` where opening it failed or found no end. */
type Opening = Promise<ChunkView | undefined>;

export class ReadAhead {
  readonly #generation: Generation;
  readonly #fetchContext: FetchContext;
  readonly #lastIndex: number;
  readonly #open = new Map<number, Opening>();
  readonly #unregister: () => void;
  #abort = openingsAbort();
  #window = FIRST_WINDOW;

  /** Opens nothing beyond `lastIndex`, the last chunk that the request needs. */
  constructor(generation: Generation, fetchContext: FetchContext, lastIndex: number) {
    this.#generation = generation;
    this.#fetchContext = fetchContext;
    this.#lastIndex = lastIndex;
    this.#unregister = generation.services.pressure.register('read-ahead', () => {
      this.#shrink();
    });
  }

  /**
   * The view of chunk `index`, which the caller releases; opens the next ones meanwhile. `from`:
   * the first byte of the chunk that is read.
   */
  async take(index: number, from: number): Promise<ChunkView | undefined> {
    const opening = this.#open.get(index);
    this.#open.delete(index);
    // The demanded chunk first: it must find room and a lane before those ahead of it.
    const wanted =
      opening === undefined ? this.#demand(index, from) : this.#promote(index, opening, from);
    // Computed each time: the number of connections changes while a large object is read.
    const limit = readAheadChunks(this.#generation.services, this.#fetchContext.source.upstream);
    this.#extend(index, limit);
    this.#window = Math.min(this.#window * 2, Math.max(limit, 1));
    return wanted;
  }

  /** Releases the views that the reader has not taken. */
  close(): void {
    this.#unregister();
    this.#letGo();
  }

  #demand(index: number, from: number): Promise<ChunkView | undefined> {
    return this.#generation.open(index, { ...this.#fetchContext, priority: 'demand', from });
  }

  async #promote(index: number, opening: Opening, from: number): Promise<ChunkView | undefined> {
    this.#generation.flight(index)?.promote();
    const view = await opening;
    if (view !== undefined && view.watermark?.state !== 'failed') return view;
    view?.release();
    return this.#demand(index, from);
  }

  #extend(index: number, limit: number): void {
    const last = Math.min(this.#lastIndex, index + Math.min(this.#window - 1, limit));
    for (let next = index + 1; next <= last; next += 1) {
      if (this.#open.has(next)) continue;
      const { signal } = this.#abort;
      // A failed read-ahead is no error: the chunk is opened again when its turn comes.
      const opening = this.#generation
        .open(next, { ...this.#fetchContext, priority: 'read-ahead', signal })
        .catch(() => undefined);
      this.#open.set(next, opening);
    }
  }

  #shrink(): void {
    this.#window = 1;
    this.#letGo();
  }

  #letGo(): void {
    this.#abort.abort();
    this.#abort = openingsAbort();
    for (const opening of this.#open.values()) {
      void opening.then((view) => {
        view?.release();
      });
    }
    this.#open.clear();
  }
}

/** Each opening listens to it, as many as the window holds: more than Node takes for a leak. */
function openingsAbort(): AbortController {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return abort;
}
