/**
 * One run of a job per key at a time; callers during the run share its outcome. Used for first
 * origin fetches (by URL). Chunk fills have flight.ts, whose waiters read while it runs.
 */
export class SingleFlight<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /**
   * Joins the run of `key`, or leads one with `job`. The job must look at the cache again before it
   * works: between the caller's look and this call another run may have ended, and its key with it.
   */
  run(
    key: K,
    job: () => Promise<V>,
  ): { readonly outcome: Promise<V>; readonly collapsed: boolean } {
    const running = this.#running.get(key);
    if (running !== undefined) return { outcome: running, collapsed: true };
    // PartialSend in a later microtask: a job that throws at once must find its key to delete.
    const outcome = Promise.resolve()
      .then(job)
      .finally(() => {
        this.#running.delete(key);
      });
    this.#running.set(key, outcome);
    return { outcome, collapsed: false };
  }

  /** True while a job of `key` runs. */
  has(key: K): boolean {
    return this.#running.has(key);
  }

  /** Runs in progress. */
  get size(): number {
    return this.#running.size;
  }
}
