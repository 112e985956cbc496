/**
 * Word that something has changed which an answer may depend on: response records, generations,
 * checks, what is held, the configuration. Whoever vouches for answers ahead of time
 * (http/hits/hit-front) listens. Nobody says what it was: what was vouched for is judged anew.
 */

/**
 * `removal`: an object is about to go, and whoever has chunks of it open is to let go of them at
 * once.
 */
export type Change = 'removal' | 'other';

export class InvalidationEvents {
  readonly #listeners = new Set<(change: Change) => void>();

  /** Called in the turn in which it happens, before anybody can hear of its outcome. */
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
