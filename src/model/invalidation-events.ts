/**
 * Announces changes that an answer may depend on: response records, generations, checks, held
 * chunks, the configuration. http/hits/hit-front, which grants answers ahead of time, listens. An
 * event does not name its object, so every grant becomes void.
 */

/** `removal`: an object is about to go; its open chunks must be released at once. */
export type Change = 'removal' | 'other';

export class InvalidationEvents {
  readonly #listeners = new Set<(change: Change) => void>();

  /** Call it in the turn of the change, before anything else can see the change. */
  bump(change: Change = 'other'): void {
    for (const listener of this.#listeners) listener(change);
  }

  /**
   * `listener` is called each time, and must not throw. The returned function takes it out again.
   */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
