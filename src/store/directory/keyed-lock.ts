/**
 * Runs the steps on one name one after another, steps on different names at once. The store holds
 * it while a path changes hands: an unlink that is still under way must not hit the next file
 * there.
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

  /** Names with a step running or waiting. */
  get size(): number {
    return this.#tails.size;
  }
}
