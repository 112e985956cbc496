/**
 * Tracks work that goes on after the call that started it has returned (an unlink, a close), so
 * that `close` and `reserve` can await it. Tracked work handles its own errors.
 */
export class Pending {
  readonly #work = new Set<Promise<unknown>>();

  track(work: Promise<unknown>): void {
    this.#work.add(work);
    const forget = (): void => {
      this.#work.delete(work);
    };
    work.then(forget, forget);
  }

  /** Resolves when all present work has ended. Does not await work that starts later. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#work);
  }

  get size(): number {
    return this.#work.size;
  }
}
