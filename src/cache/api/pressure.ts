/**
 * Releases room when a demanded chunk finds none: read-ahead and idle objects first, then
 * verifications that hold chunks for their hasher. Readers, generations and the hit
 * front register; cache/fill/reserve calls `relieve`, the latter after a while.
 */

/** What can be released: `read-ahead` includes idle objects and the hit server's chunks. */
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
