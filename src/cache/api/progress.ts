/**
 * Finds fetches that receive nothing. A stalled fetch shows in the metrics before its timeout ends
 * it, and during all its retries. Flights and exchanges register; the metrics read the count.
 */
import type { Clock } from '../../model/time.js';
import { STALLED_AFTER_MS } from '../../model/transfer.js';

/** Period of the samples while anything is fetched: half of `STALLED_AFTER_MS`. */
export const PROGRESS_SAMPLE_MS = 500;

/** The progress of one fetch. */
export interface Progress {
  /** False when no byte is due: the fetch has not started, or every byte is here. */
  readonly lacksBytes: boolean;
  readonly receivedBytes: number;
}

interface Watched {
  receivedBytes: number;
  movedAt: number;
}

export class ProgressWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<Progress, Watched>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches `fetch` until the returned function is called. */
  track(fetch: Progress): () => void {
    const { receivedBytes } = fetch;
    this.#watched.set(fetch, { receivedBytes, movedAt: this.#clock.monotonic() });
    this.#cancel ??= this.#clock.after(PROGRESS_SAMPLE_MS, this.#sample);
    return () => {
      this.#watched.delete(fetch);
      if (this.#watched.size > 0) return;
      this.#cancel?.();
      this.#cancel = null;
    };
  }

  /**
   * Returns the number of fetches that have received nothing for `STALLED_AFTER_MS` or longer. Each
   * counts once: an exchange lacks bytes until its head is here, then the flights of its body do.
   * Clients' requests are not watched.
   */
  get stalled(): number {
    const before = this.#clock.monotonic() - STALLED_AFTER_MS;
    this.#update();
    let count = 0;
    for (const { movedAt } of this.#watched.values()) if (movedAt <= before) count += 1;
    return count;
  }

  readonly #sample = (): void => {
    this.#update();
    this.#cancel = this.#clock.after(PROGRESS_SAMPLE_MS, this.#sample);
  };

  #update(): void {
    const now = this.#clock.monotonic();
    for (const [fetch, watched] of this.#watched) {
      const { lacksBytes, receivedBytes } = fetch;
      if (lacksBytes && receivedBytes === watched.receivedBytes) continue;
      watched.receivedBytes = receivedBytes;
      watched.movedAt = now;
    }
  }
}
