/**
 * Grants room in the cache directory: every writer reserves its bytes here first. It evicts cold
 * chunks when the ledger is full, and refuses rather than exceed the capacity.
 */
import type { ChunkFiles } from './chunk-files.js';
import type { ChunkIndex } from './chunk-index.js';
import type { Ledger, Reservation } from '../space/ledger.js';

export class Space {
  readonly #ledger: Ledger;
  readonly #index: ChunkIndex;
  readonly #files: ChunkFiles;
  #refuses = false;

  constructor(ledger: Ledger, index: ChunkIndex, files: ChunkFiles) {
    this.#ledger = ledger;
    this.#index = index;
    this.#files = files;
  }

  /**
   * Changes the capacity, and evicts what exceeds a smaller one. Chunks that are leased or open
   * stay until they are released; a later reservation evicts them.
   */
  async resize(capacityBytes: number): Promise<void> {
    this.#ledger.capacityBytes = capacityBytes;
    for (const victim of this.#index.coldest(this.#ledger.shortfall(0))) this.#files.evict(victim);
    await this.#files.removalsSettled();
  }

  /** True when the last reservation was refused. */
  get refuses(): boolean {
    return this.#refuses;
  }

  /**
   * Reserves `bytes`; resolves to `undefined` when not even eviction frees that many. Victims are
   * chosen before the first await, so that two callers never count on the same one. The room is
   * granted once the victims' bytes are free, so that the disk is never fuller than the ledger.
   */
  async reserve(bytes: number): Promise<Reservation | undefined> {
    const granted = await this.#reserve(bytes);
    this.#refuses = granted === undefined;
    return granted;
  }

  async #reserve(bytes: number): Promise<Reservation | undefined> {
    const victims = this.#index.victims(this.#ledger.shortfall(bytes));
    if (victims === undefined) return undefined;
    this.#ledger.promise(bytes);
    for (const victim of victims) this.#files.evict(victim);
    // Awaits all evictions, not only those of its own victims: an earlier caller's victim may be
    // larger than that caller needs, and the rest was promised to this one.
    await this.#files.removalsSettled();
    return this.#ledger.redeem(bytes);
  }
}
