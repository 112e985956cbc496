/**
 * The stored chunks and their order of eviction: an index in memory, rebuilt at every start. It
 * touches no file; store/chunks/chunk-files does, and store/chunks/space chooses victims here.
 *
 * Three LRU lists, by what is lost with a chunk: orphans (no manifest names them: nothing),
 * ordinary chunks, pinned ones. Eviction empties them in this order, each from its least recently
 * used end. Recency is the order of use, never a file's time.
 */
import { LRUCache } from 'lru-cache';
import type { ChunkId, ObjectKey } from '../../model/ids.js';
import { fileCost } from '../space/ledger.js';
import type { CountedFile } from './open-files.js';

/** A manifest that names a chunk. */
export interface Owner {
  readonly key: ObjectKey;
  /** Its chunks go last. Changed by `ChunkIndex` alone. */
  pinned: boolean;
  /** What the index has of it. Kept by the index. */
  readonly held: HeldCount;
}

export interface HeldCount {
  chunks: number;
  bytes: number;
}

/** In the order in which they are emptied. */
export const TIERS = ['orphan', 'ordinary', 'pinned'] as const;
export type Tier = (typeof TIERS)[number];

/** One chunk file. The object is the file's life: an equal id that comes later is another entry. */
export class ChunkEntry {
  readonly id: ChunkId;
  readonly lengthBytes: number;
  /** Manifests known to name it. Others may that were not opened since: they find it by its id. */
  owners: Owner[] = [];
  leases = 0;
  /**
   * The `identity` of the file that this process has verified. Another file at its path is verified
   * again.
   */
  verifiedAs: string | null = null;
  file: CountedFile | null = null;

  constructor(id: ChunkId, lengthBytes: number) {
    this.id = id;
    this.lengthBytes = lengthBytes;
  }

  /** Bytes that the file takes on its device. */
  get cost(): number {
    return fileCost(this.lengthBytes);
  }

  get tier(): Tier {
    return tierOf(this.owners);
  }

  /** True while its bytes would not come free, or a reader would lose it. */
  get isBusy(): boolean {
    return this.leases > 0 || this.file?.inUse === true;
  }
}

function tierOf(owners: readonly Owner[]): Tier {
  if (owners.length === 0) return 'orphan';
  return owners.some((owner) => owner.pinned) ? 'pinned' : 'ordinary';
}

export class ChunkIndex {
  readonly #tiers: Record<Tier, LRUCache<ChunkId, ChunkEntry>>;
  #revision = 0;

  /** The lists never evict by themselves: the ledger keeps the capacity, before an `add`. */
  constructor() {
    const list = (): LRUCache<ChunkId, ChunkEntry> =>
      new LRUCache({
        maxSize: Number.MAX_SAFE_INTEGER,
        sizeCalculation: (entry) => entry.cost,
      });
    this.#tiers = { orphan: list(), ordinary: list(), pinned: list() };
  }

  /** Changes whenever the order or the set of chunks does. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return TIERS.reduce((sum, tier) => sum + this.#tiers[tier].size, 0);
  }

  get orphans(): number {
    return this.#tiers.orphan.size;
  }

  /** Finds an entry without marking it used. */
  get(id: ChunkId): ChunkEntry | undefined {
    for (const tier of TIERS) {
      const entry = this.#tiers[tier].peek(id);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** Adds an entry as the most recently used of its tier. */
  add(entry: ChunkEntry): void {
    this.#list(entry);
    for (const owner of entry.owners) count(owner, entry, 1);
  }

  /** Marks an entry as used just now. */
  touch(entry: ChunkEntry): void {
    if (!this.has(entry)) return;
    this.#revision += 1;
    this.#tiers[entry.tier].get(entry.id);
  }

  /** True while the entry, and not a later one of the same id, is in the index. */
  has(entry: ChunkEntry): boolean {
    return this.#tiers[entry.tier].peek(entry.id) === entry;
  }

  delete(entry: ChunkEntry): void {
    if (!this.has(entry)) return;
    this.#revision += 1;
    this.#tiers[entry.tier].delete(entry.id);
    for (const owner of entry.owners) count(owner, entry, -1);
  }

  /**
   * Lets `change` pin or unpin owners, and moves every chunk to the tier that it then belongs to.
   */
  resort(change: () => void): void {
    const before = TIERS.map((tier) => ({ tier, entries: [...this.#tiers[tier].rvalues()] }));
    change();
    for (const { tier, entries } of before) {
      for (const entry of entries) {
        if (entry === undefined || entry.tier === tier) continue;
        this.#tiers[tier].delete(entry.id);
        this.#list(entry);
      }
    }
  }

  own(entry: ChunkEntry, owner: Owner): void {
    if (!entry.owners.includes(owner)) this.#reown(entry, [...entry.owners, owner]);
  }

  disown(entry: ChunkEntry, owner: Owner): void {
    if (entry.owners.includes(owner)) {
      this.#reown(
        entry,
        entry.owners.filter((other) => other !== owner),
      );
    }
  }

  /** `owner` is pinned from now on, or no longer: its `entries` change their tier. */
  repin(owner: Owner, pinned: boolean, entries: Iterable<ChunkEntry>): void {
    const owned = [...entries].filter((entry) => entry.owners.includes(owner));
    for (const entry of owned) this.disown(entry, owner);
    owner.pinned = pinned;
    for (const entry of owned) this.own(entry, owner);
  }

  /**
   * The coldest entries that are not busy and together cost at least `bytes`; `undefined` when
   * there are not that many.
   */
  victims(bytes: number): ChunkEntry[] | undefined {
    const chosen = this.coldest(bytes);
    const cost = chosen.reduce((sum, entry) => sum + entry.cost, 0);
    return cost >= bytes ? chosen : undefined;
  }

  /** The same, as far as it goes. */
  coldest(bytes: number): ChunkEntry[] {
    const chosen: ChunkEntry[] = [];
    let missing = bytes;
    for (const entry of this.coldestFirst()) {
      if (missing <= 0) break;
      if (entry.isBusy) continue;
      chosen.push(entry);
      missing -= entry.cost;
    }
    return chosen;
  }

  /** All entries in the order in which they would go. */
  *coldestFirst(): Generator<ChunkEntry, void, undefined> {
    for (const tier of TIERS) {
      for (const entry of this.#tiers[tier].rvalues()) {
        if (entry !== undefined) yield entry;
      }
    }
  }

  #reown(entry: ChunkEntry, owners: Owner[]): void {
    const listed = this.has(entry);
    const before = entry.tier;
    if (listed && tierOf(owners) !== before) this.#tiers[before].delete(entry.id);
    if (listed) for (const owner of entry.owners) count(owner, entry, -1);
    entry.owners = owners;
    if (!listed) return;
    for (const owner of owners) count(owner, entry, 1);
    if (entry.tier !== before) this.#list(entry);
  }

  #list(entry: ChunkEntry): void {
    this.#revision += 1;
    this.#tiers[entry.tier].set(entry.id, entry);
  }
}

function count({ held }: Owner, entry: ChunkEntry, sign: 1 | -1): void {
  held.chunks += sign;
  held.bytes += sign * entry.lengthBytes;
}
