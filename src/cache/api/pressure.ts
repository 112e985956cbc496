/**
 * What gives way when a demanded chunk finds no room: read-ahead first, then the chunks of idle
 * objects, then verifications that hold chunks for their hasher. Readers and generations register;
 * cache/fill/reserve calls.
 */

/** What can be given back, in the order in which it is. */
export type Relief = 'read-ahead' | 'verification';

export class Pressure {
  readonly #givers: Record<Relief, Set<() => void>> = {
    'read-ahead': new Set(),
    verification: new Set(),
  };

  /** Registers a giver; the returned function takes it out again. */
  register(relief: Relief, give: () => void): () => void {
    this.#givers[relief].add(give);
    return () => {
      this.#givers[relief].delete(give);
    };
  }

  /** Calls everything that registered for `relief`. */
  relieve(relief: Relief): void {
    for (const give of [...this.#givers[relief]]) give();
  }
}
