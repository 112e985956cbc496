/**
 * Detects fetches that make no progress, before their timeout and through all their retries.
 * Flights and exchanges register; metrics read.
 */
import type { Clock } from '../../model/time.js';
import { STALLED_AFTER_MS } from '../../model/transfer.js';

/** How often progress is looked at while anything is fetched: two looks before a stall shows. */
export const PROGRESS_SAMPLE_MS = 500;

/** A fetch as it is watched. */
export interface Progress {
  /** False if no byte is outstanding: the fetch has not begun, or has all its bytes. */
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
   * Fetches that have received nothing for `STALLED_AFTER_MS` or longer. Each counts once: an
   * exchange lacks bytes until its head is here, then the flights of its body do; requests are not
   * watched.
   */
  get stalled(): number {
    const before = this.#clock.monotonic() - STALLED_AFTER_MS;
    this.#look();
    let count = 0;
    for (const { movedAt } of this.#watched.values()) if (movedAt <= before) count += 1;
    return count;
  }

  readonly #sample = (): void => {
    this.#look();
    this.#cancel = this.#clock.after(PROGRESS_SAMPLE_MS, this.#sample);
  };

  #look(): void {
    const now = this.#clock.monotonic();
    for (const [fetch, watched] of this.#watched) {
      const { lacksBytes, receivedBytes } = fetch;
      if (lacksBytes && receivedBytes === watched.receivedBytes) continue;
      watched.receivedBytes = receivedBytes;
      watched.movedAt = now;
    }
  }
}
