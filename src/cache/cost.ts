/** What one request cost the origin so far: it counts while bytes arrive, not when fetches end. */
import type { ReadCost } from './answer.js';

/** A fetch that is going on. */
export interface Receiving {
  readonly receivedBytes: number;
}

/** Made for each request by cache/lookup; its wants write to it. */
export class Cost implements ReadCost {
  joined = false;
  #settledBytes = 0;
  readonly #running = new Set<Receiving>();

  get originBytes(): number {
    let bytes = this.#settledBytes;
    for (const { receivedBytes } of this.#running) bytes += receivedBytes;
    return bytes;
  }

  /**
   * Counts what `fetch` receives from now on. The returned function, called once, says what it was in
   * the end. A response's last byte leaves before its fetch is known to have ended.
   */
  fetching(fetch: Receiving): (originBytes: number) => void {
    this.#running.add(fetch);
    return (originBytes) => {
      this.#running.delete(fetch);
      this.#settledBytes += originBytes;
    };
  }
}
