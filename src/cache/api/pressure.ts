/**
 * Releases room when a demanded chunk finds none: read-ahead and idle objects first, then
 * verifications that hold chunks for their hasher. Readers and generations register;
 * cache/fill/reserve calls `relieve`.
 */

/** What can be released, in the order in which it is released. */
export type Relief = 'read-ahead' | 'verification';

export class Pressure {
  readonly #givers: Record<Relief, Set<() => void>> = {
    'read-ahead': new Set(),
    verification: new Set(),
  };

  /** Registers `give`, which releases what it can; the returned function unregisters it. */
  register(relief: Relief, give: () => void): () => void {
    this.#givers[relief].add(give);
    return () => {
      this.#givers[relief].delete(give);
    };
  }

  /** Calls every function that is registered for `relief`. */
  relieve(relief: Relief): void {
    for (const give of [...this.#givers[relief]]) give();
  }
}
