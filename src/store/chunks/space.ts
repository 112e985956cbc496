/**
 * Grants room in the cache directory: nothing is written without a reservation. Evicts cold chunks
 * when the ledger is full, and refuses rather than exceed the capacity.
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
   * Changes the capacity, and evicts down to a smaller one. Leased and open chunks stay for now; a
   * later reservation evicts them.
   */
  async resize(capacityBytes: number): Promise<void> {
    this.#ledger.capacityBytes = capacityBytes;
    for (const victim of this.#index.coldest(this.#ledger.shortfall(0))) this.#files.evict(victim);
    await this.#files.removalsSettled();
  }

  /** True while the last reservation was refused. */
  get refuses(): boolean {
    return this.#refuses;
  }

  /**
   * Reserves `bytes`; `undefined` if not even eviction makes room. Victims are chosen before the
   * first wait, so that two callers never count on the same one. The room is granted once the
   * victims' bytes are freed, so that the disk never holds more than the ledger says.
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
    // All of them, not only its own: an earlier caller's victim may have been larger than its need,
    // and this one was promised the rest.
    await this.#files.removalsSettled();
    return this.#ledger.redeem(bytes);
  }
}
