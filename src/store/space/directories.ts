/**
 * The shard directories: creates each one before its first file, and charges the ledger for the
 * room that names take. A directory does not shrink when names are removed, so the charge follows
 * the largest number of names that it ever had.
 */
import { mkdir } from 'node:fs/promises';
import { DIRECTORY_MODE, Ownership } from '../directory/ownership.js';
import { directoryCost, type Ledger, type Reservation, wholeBlocks } from './ledger.js';
import { type Layout, shardOf, type Tree } from '../directory/layout.js';

/** The most that one more name can cost: a new directory with its first block of names. */
export const MAX_NAME_COST = directoryCost(1);

interface Shard {
  entries: number;
  /** Bytes charged for the directory. */
  charged: number;
  made: Promise<void> | null;
}

export class Directories {
  readonly #layout: Layout;
  readonly #ledger: Ledger;
  readonly #own: Ownership;
  /** By tree and shard. */
  readonly #shards = new Map<string, Shard>();
  readonly #charged: Record<Tree, number> = { chunks: 0, manifests: 0, responses: 0 };

  constructor(layout: Layout, ledger: Ledger, own: Ownership = new Ownership()) {
    this.#layout = layout;
    this.#ledger = ledger;
    this.#own = own;
  }

  /**
   * Charges for a shard found at start, which has `entries` names. Throws a `NotOursError` if it is
   * not ours, or the system's error.
   */
  found(tree: Tree, shard: string, entries: number): void {
    const { size } = this.#own.takeDirectory(this.#layout.shard(tree, shard));
    const charged = Math.max(directoryCost(entries), wholeBlocks(size));
    this.#shards.set(`${tree}/${shard}`, { entries, charged, made: Promise.resolve() });
    this.#charged[tree] += charged;
    this.#ledger.charge('directories', charged);
  }

  /** Returns the bytes charged for the shards of a tree. */
  chargedBytes(tree: Tree): number {
    return this.#charged[tree];
  }

  /**
   * Creates the shard of `id`, once. Rejects as `mkdir` does; the next call tries again.
   */
  async ensure(tree: Tree, id: string): Promise<void> {
    const shard = this.#shard(tree, id);
    const path = this.#layout.shard(tree, shardOf(id));
    shard.made ??= mkdir(path, { recursive: true, mode: DIRECTORY_MODE }).then(() => undefined);
    try {
      await shard.made;
    } catch (error) {
      shard.made = null;
      throw error;
    }
  }

  /** Records that another process has deleted the directory: `ensure` creates it anew. */
  lost(tree: Tree, id: string): void {
    this.#shard(tree, id).made = null;
  }

  /** Records an added name; spends from `reservation` if the directory may have grown. */
  added(tree: Tree, id: string, reservation: Reservation): void {
    const shard = this.#shard(tree, id);
    shard.entries += 1;
    const growth = directoryCost(shard.entries) - shard.charged;
    if (growth <= 0) return;
    shard.charged += growth;
    this.#charged[tree] += growth;
    reservation.spend('directories', growth);
  }

  /** Records a removed name. */
  removed(tree: Tree, id: string): void {
    this.#shard(tree, id).entries -= 1;
  }

  #shard(tree: Tree, id: string): Shard {
    const key = `${tree}/${shardOf(id)}`;
    let shard = this.#shards.get(key);
    if (shard === undefined) {
      shard = { entries: 0, charged: 0, made: null };
      this.#shards.set(key, shard);
    }
    return shard;
  }
}
