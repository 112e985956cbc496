/**
 * A bound on the bytes in memfds, counted in shared memory: the store charges drafts on the main
 * thread, workers charge a chunk whose disk failed, and neither can ask the other first.
 */
export class MemoryBudget {
  /** Pass this to workers; `new MemoryBudget(limit, shared)` there counts in the same cell. */
  readonly shared: SharedArrayBuffer;
  readonly limitBytes: number;
  readonly #used: BigInt64Array;

  constructor(limitBytes: number, shared = new SharedArrayBuffer(8)) {
    this.limitBytes = limitBytes;
    this.shared = shared;
    this.#used = new BigInt64Array(shared);
  }

  /** Takes `bytes` if they fit; false when they do not. */
  tryCharge(bytes: number): boolean {
    const before = Number(Atomics.add(this.#used, 0, BigInt(bytes)));
    if (before + bytes <= this.limitBytes) return true;
    Atomics.sub(this.#used, 0, BigInt(bytes));
    return false;
  }

  /** Gives charged bytes back. */
  release(bytes: number): void {
    Atomics.sub(this.#used, 0, BigInt(bytes));
  }

  get usedBytes(): number {
    return Number(Atomics.load(this.#used, 0));
  }
}
