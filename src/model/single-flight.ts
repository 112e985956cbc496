/**
 * Runs one job per key at a time; callers that come meanwhile share its outcome. Used for the first
 * fetch of a URL and for decisions of a hub. Chunk fills use cache/flight/flight instead, whose
 * waiters read while it runs.
 */
export class SingleFlight<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /**
   * Joins the run of `key`, or leads one with `job`. The job must repeat the caller's lookup:
   * another run for the key may have ended between that lookup and this call.
   */
  run(
    key: K,
    job: () => Promise<V>,
  ): { readonly outcome: Promise<V>; readonly collapsed: boolean } {
    const running = this.#running.get(key);
    if (running !== undefined) return { outcome: running, collapsed: true };
    // Starts in a later microtask, so that a job that throws at once finds its key to delete.
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

  /** The number of runs in progress. */
  get size(): number {
    return this.#running.size;
  }
}
