/**
 * Runs steps with the same key one after another, steps with different keys concurrently. The store
 * uses it while the file at a path changes: a running unlink must not hit the next file there.
 */
export class KeyedLock<K> {
  readonly #tails = new Map<K, Promise<unknown>>();

  /** Runs `step` after all earlier steps of `key`; settles as `step` does. */
  async run<T>(key: K, step: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const own = before.then(step, step);
    this.#tails.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#tails.get(key) === own) this.#tails.delete(key);
    }
  }

  /** The number of keys that have a running or waiting step. */
  get size(): number {
    return this.#tails.size;
  }
}
