/** Counts the origin bytes of one request while they arrive, not when fetches end. */
import type { ReadCost } from '../api/facade.js';
import type { ChunkView } from './flight.js';

/** A running fetch. */
export interface Receiving {
  readonly receivedBytes: number;
}

/** Made for each request by cache/answer/cache; the request's `FetchContext` updates it. */
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

  /** Records that the request's own first fetch brings chunk `index`, as `flight`. */
  brings(index: number, flight: Pick<ChunkView, 'progress'>): void {
    this.#brought.set(index, flight);
  }

  /**
   * Returns the flight in which the first fetch brought chunk `index`, and forgets it. The flight
   * may have ended, and the chunk may be held, before the request reads it.
   */
  takeBrought(index: number): Pick<ChunkView, 'progress'> | undefined {
    const flight = this.#brought.get(index);
    this.#brought.delete(index);
    return flight;
  }

  /** True for a chunk that the first fetch brought and that has not been read yet. */
  hasBrought(index: number): boolean {
    return this.#brought.has(index);
  }

  /**
   * Counts the bytes that `fetch` receives from now on. Call the returned function once, with the
   * final number. Counting cannot wait for that: a response's last byte is sent to the client
   * before the main thread learns that the fetch has ended.
   */
  fetching(fetch: Receiving): (originBytes: number) => void {
    this.#running.add(fetch);
    return (originBytes) => {
      this.#running.delete(fetch);
      this.#settledBytes += originBytes;
    };
  }
}
