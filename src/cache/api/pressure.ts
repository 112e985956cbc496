/**
 * What can be let go of when a demanded chunk finds no room: read-ahead first, then what idle
 * objects keep, then verifications that hold chunks for their hasher. Readers and generations
 * register; cache/fill/reserve asks.
 */

/** What somebody can give, in the order in which it is asked for. */
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

  /** Asks everybody who registered for `relief` to give what they can. */
  relieve(relief: Relief): void {
    for (const give of [...this.#givers[relief]]) give();
  }
}
