/** What one request cost the origin so far: it counts while bytes arrive, not when fetches end. */
import type { ReadCost } from '../api/facade.js';
import type { ChunkView } from './flight.js';

/** A fetch that is going on. */
export interface Receiving {
  readonly receivedBytes: number;
}

/** Made per request by cache/answer/cache; the request's fetches update it. */
export class Cost implements ReadCost {
  collapsed = false;
  #settledBytes = 0;
  readonly #running = new Set<Receiving>();
  readonly #brought = new Map<number, Pick<ChunkView, 'progress'>>();

  get originBytes(): number {
    let bytes = this.#settledBytes;
    for (const { receivedBytes } of this.#running) bytes += receivedBytes;
    return bytes;
  }

  /** The request's own first fetch brings chunk `index`, as `flight`. */
  brings(index: number, flight: Pick<ChunkView, 'progress'>): void {
    this.#brought.set(index, flight);
  }

  /**
   * The flight in which the first fetch brought chunk `index`, once: it may be over, and the chunk
   * held, before the request comes to read it.
   */
  takeBrought(index: number): Pick<ChunkView, 'progress'> | undefined {
    const flight = this.#brought.get(index);
    this.#brought.delete(index);
    return flight;
  }

  /** True for a chunk that the first fetch brought and that was not read yet. */
  hasBrought(index: number): boolean {
    return this.#brought.has(index);
  }

  /**
   * Counts the bytes that `fetch` receives from now on. Call the returned function once, with the
   * final count: a response's last byte leaves before its fetch is known to have ended.
   */
  fetching(fetch: Receiving): (originBytes: number) => void {
    this.#running.add(fetch);
    return (originBytes) => {
      this.#running.delete(fetch);
      this.#settledBytes += originBytes;
    };
  }
}
