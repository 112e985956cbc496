/**
 * The index of chunk files and their eviction order: in memory, rebuilt at every start. It touches
 * no file (store/chunks/chunk-files does); store/chunks/space gets from it the chunks to evict.
 *
 * It has three LRU lists: orphans, which no manifest names, so that their loss costs nothing;
 * ordinary chunks; pinned ones. Eviction empties them in this order, each from its least recently
 * used end. Recency is the order of use, never a file's time.
 */
import { LRUCache } from 'lru-cache';
import type { ChunkId, ObjectKey } from '../../model/ids.js';
import { fileCost } from '../space/ledger.js';
import type { CountedFile } from './open-files.js';

/** A manifest that names a chunk. */
export interface Owner {
  readonly key: ObjectKey;
  /** True when its chunks are evicted last. Changed within `resort` or `repin` only. */
  pinned: boolean;
  /** Its chunks in the index; the index keeps the counts. */
  readonly held: HeldCount;
}

export interface HeldCount {
  chunks: number;
  bytes: number;
}

/** The lists, in the order in which eviction empties them. */
export const TIERS = ['orphan', 'ordinary', 'pinned'] as const;
export type Tier = (typeof TIERS)[number];

/** One chunk file. A file that is stored later under an equal id gets an entry of its own. */
export class ChunkEntry {
  readonly id: ChunkId;
  readonly lengthBytes: number;
  /** Manifests known to name it. One that has not been opened since may name it as well. */
  owners: Owner[] = [];
  leases = 0;
  /**
   * The `identity` of the file whose bytes this process compared with the ids. If another file is
   * put at the path, its identity differs, and it is verified anew.
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

  /**
   * True while it is leased or open for a reader: eviction would free no bytes, or harm a reader.
   */
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

  /** The lists never evict by themselves: the ledger enforces the capacity before an `add`. */
  constructor() {
    const list = (): LRUCache<ChunkId, ChunkEntry> =>
      new LRUCache({
        maxSize: Number.MAX_SAFE_INTEGER,
        sizeCalculation: (entry) => entry.cost,
      });
    this.#tiers = { orphan: list(), ordinary: list(), pinned: list() };
  }

  /** A number that changes whenever the order or the set of chunks changes. */
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

  /** Adds an entry as the most recently used one of its tier. */
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

  /** Calls `change`, which pins or unpins owners, then moves every chunk to its new tier. */
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

  /** Pins or unpins `owner` and moves its `entries` to their new tier. */
  repin(owner: Owner, pinned: boolean, entries: Iterable<ChunkEntry>): void {
    const owned = [...entries].filter((entry) => entry.owners.includes(owner));
    for (const entry of owned) this.disown(entry, owner);
    owner.pinned = pinned;
    for (const entry of owned) this.own(entry, owner);
  }

  /**
   * Returns the coldest entries that are not busy and together cost at least `bytes`; `undefined`
   * when all of them cost less.
   */
  victims(bytes: number): ChunkEntry[] | undefined {
    const chosen = this.coldest(bytes);
    const cost = chosen.reduce((sum, entry) => sum + entry.cost, 0);
    return cost >= bytes ? chosen : undefined;
  }

  /** Returns the same, or all entries that are not busy when they cost less than `bytes`. */
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

  /** Yields all entries in eviction order. */
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
