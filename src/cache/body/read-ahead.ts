/**
 * One reader's window of open chunks. The window starts small, so that a short read costs little,
 * and doubles with each chunk that the reader takes, up to a limit (read-ahead-limit). Every view
 * in it keeps its chunk from eviction. When space runs short, the window releases all of them.
 */
import { setMaxListeners } from 'node:events';
import type { ChunkView } from '../flight/flight.js';
import type { Generation } from '../object/generation.js';
import { readAheadChunks } from '../flight/read-ahead-limit.js';
import type { FetchContext } from '../flight/fetch-context.js';

/** Chunks open at first, the one being read included: enough to overlap a fetch with a send. */
const FIRST_WINDOW = 2;

/** A chunk opened ahead: its view, or `undefined` if opening failed or found no such chunk. */
type Opening = Promise<ChunkView | undefined>;

export class ReadAhead {
  readonly #generation: Generation;
  readonly #fetchContext: FetchContext;
  readonly #lastIndex: number;
  readonly #open = new Map<number, Opening>();
  readonly #unregister: () => void;
  #abort = openingsAbort();
  #window = FIRST_WINDOW;

  /** Never opens a chunk after `lastIndex`, the last one of the requested range. */
  constructor(generation: Generation, fetchContext: FetchContext, lastIndex: number) {
    this.#generation = generation;
    this.#fetchContext = fetchContext;
    this.#lastIndex = lastIndex;
    this.#unregister = generation.services.pressure.register('read-ahead', () => {
      this.#shrink();
    });
  }

  /**
   * Opens chunk `index`, to be read from byte `from` of the chunk on, and the next ones meanwhile.
   * Resolves to a view, which the caller releases, or to `undefined` past the end of the object.
   * Rejects with a `ForebayError`.
   */
  async take(index: number, from: number): Promise<ChunkView | undefined> {
    const opening = this.#open.get(index);
    this.#open.delete(index);
    // The demanded chunk comes first: it must get space and a lane before those ahead of it.
    const demanded =
      opening === undefined ? this.#demand(index, from) : this.#promote(index, opening, from);
    // Computed each time: the number of connections changes while a large object is read.
    const limit = readAheadChunks(this.#generation.services, this.#fetchContext.source.upstream);
    this.#extend(index, limit);
    this.#window = Math.min(this.#window * 2, Math.max(limit, 1));
    return demanded;
  }

  /** Releases the chunks that were opened and not taken. */
  close(): void {
    this.#unregister();
    this.#releaseAll();
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
      // A failure ahead of time is ignored: `take` opens the chunk again.
      const opening = this.#generation
        .open(next, { ...this.#fetchContext, priority: 'read-ahead', signal })
        .catch(() => undefined);
      this.#open.set(next, opening);
    }
  }

  #shrink(): void {
    this.#window = 1;
    this.#releaseAll();
  }

  #releaseAll(): void {
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

/** Makes a controller whose signal may have a listener per opening: Node warns of more than 10. */
function openingsAbort(): AbortController {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return abort;
}
