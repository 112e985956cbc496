/**
 * Work that continues after its call has returned (an unlink, a close), so that shutdown and
 * reservations can wait for it. Tracked work handles its own errors.
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

  /** Resolves when all that is under way now has ended; later work is not waited for. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#work);
  }

  get size(): number {
    return this.#work.size;
  }
}
