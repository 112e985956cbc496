/**
 * Work that no request waits for: one run per key at a time, and so many in all. Used by lookup.
 */

/**
 * Runs at once. One more is not begun: the next request that finds its response stale tries again.
 */
export const MAX_BACKGROUND = 64;

export class Background {
  readonly #running = new Set<string>();
  readonly #failed: (error: unknown) => void;

  /** `failed` hears of jobs that reject. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Begins `job` and returns true, unless it runs already or too many do. */
  run(key: string, job: () => Promise<void>): boolean {
    if (this.#running.has(key) || this.#running.size >= MAX_BACKGROUND) return false;
    this.#running.add(key);
    void Promise.resolve()
      .then(job)
      .catch(this.#failed)
      .finally(() => {
        this.#running.delete(key);
      });
    return true;
  }
}
