/**
 * Runs jobs that no request waits for: one per key at a time, within a bound for all keys. Used by
 * Validation.
 */

/**
 * Most jobs at a time. A further one is not started: the next request that finds its response stale
 * tries again.
 */
export const MAX_BACKGROUND = 64;

export class Background {
  readonly #running = new Set<string>();
  readonly #failed: (error: unknown) => void;

  /** `failed` is called with the error of a job that rejects. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Starts `job` unless one with its key or too many others run. True when it was started. */
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
