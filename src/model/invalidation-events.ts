/**
 * Reports that something changed on which an answer may depend: response records, generations,
 * digest checks, held chunks, the configuration. http/hits/hit-front listens and revokes the grants
 * that it gave ahead of time. An event does not name what changed: every grant is decided again.
 */

/** `removal`: an object is about to be removed, and a listener must close its chunks at once. */
export type Change = 'removal' | 'other';

export class InvalidationEvents {
  readonly #listeners = new Set<(change: Change) => void>();

  /** Called in the same turn as the change, before any client can see its result. */
  bump(change: Change = 'other'): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Calls `listener` at each change; it must not throw. The returned function removes it. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
