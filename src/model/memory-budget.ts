/**
 * Bounds the bytes kept in memfds, with a counter in shared memory: the store charges drafts on the
 * main thread, and workers charge a chunk whose disk failed while they wrote it. Neither can wait
 * for the other.
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

  /** Charges `bytes` if they fit into the limit. False, without a charge, if they do not. */
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
