/** Counts bytes, statuses, retries and stalls of one task, over all its attempts. */
import type { FetchStats } from '../compute/protocol.js';
import type { ErrorCode } from '../model/errors.js';

export class StatsCollector {
  #originBytes = 0;
  #stalls = 0;
  readonly #statuses: number[] = [];
  readonly #retries: ErrorCode[] = [];

  /** Counts body bytes that arrived from the origin, used or not. */
  received(byteCount: number): void {
    this.#originBytes += byteCount;
  }

  answered(status: number): void {
    this.#statuses.push(status);
  }

  retried(reason: ErrorCode): void {
    this.#retries.push(reason);
  }

  /** Records why a fetch failed; a timeout counts as a stall. */
  broke(reason: ErrorCode): void {
    if (reason === 'origin-timeout') this.#stalls++;
  }

  get stats(): FetchStats {
    return {
      originBytes: this.#originBytes,
      statuses: [...this.#statuses],
      retries: [...this.#retries],
      stalls: this.#stalls,
    };
  }
}
