/**
 * The share of the capacity that metadata may take: manifests and response records, with the
 * directories of both. A new file makes the least recently used ones be evicted. The owners of the
 * files (store/objects/manifests, store/responses/responses) register them here and delete those
 * that are chosen. Deletion runs in the background, a few files at a time, so that a new URL never
 * waits for more than its own part.
 *
 * Files are evicted least recently used first, with two exceptions. Files of objects that hold many
 * bytes (`lasting`) are kept longer than those of objects that hold few (`passing`), so that a scan
 * of a million tiny URLs evicts no weights. And lasting files get at most half of the share, so
 * that they cannot crowd out all passing ones.
 *
 * A file in use is not evicted, and its object may grow: the share may be exceeded until the object
 * is closed. The capacity is never exceeded (store/chunks/space).
 */
import { LRUCache } from 'lru-cache';
import type { MetadataKind, StoreEvents } from '../../model/store.js';
import type { Directories } from './directories.js';
import type { Ledger } from './ledger.js';
import { Pending } from './pending.js';

/**
 * Held bytes from which an object's files are lasting. The capacity bounds the number of such
 * objects: with a file of 8 KiB each in both trees, their metadata is at most 1.6 % of it.
 */
export const LASTING_BYTES = 1024 * 1024;

/** Part of the share that lasting files may take while others need room. */
const LASTING_SHARE = 0.5;

/**
 * Maximum number of files that are evicted at once. A new file needs one or two; a larger excess (a
 * lower share, another version's cache) is removed in the background.
 */
const MAX_AT_ONCE = 8;

/** Running evictions above which new objects wait, so that they cannot outrun the evictions. */
const MAX_LEAVING = 128;

/** Classes of files, in eviction order. */
export type Worth = 'passing' | 'lasting' | 'pinned';

/** One file, identified by the JavaScript object. */
export interface MetadataFile {
  readonly kind: MetadataKind;
}

/** The owner of the files of one kind. */
export interface MetadataOwner<File extends MetadataFile> {
  /** Returns the bytes that the file takes on its device. */
  cost(file: File): number;
  isBusy(file: File): boolean;
  worth(file: File): Worth;
  /** Deletes the file unless it is in use. Resolves to true when it is deleted. Never rejects. */
  evict(file: File): Promise<boolean>;
}

export interface MetadataDeps {
  readonly ledger: Ledger;
  readonly directories: Directories;
  readonly events: Pick<StoreEvents, 'metadataEvicted'>;
}

interface Listed {
  readonly file: MetadataFile;
  worth: Worth;
  costBytes: number;
}

export class Metadata {
  readonly #parts: MetadataDeps;
  readonly #owners = new Map<MetadataKind, MetadataOwner<MetadataFile>>();
  readonly #listed = new Map<MetadataFile, Listed>();
  /** Least recently used first. */
  readonly #lists: Readonly<Record<Worth, LRUCache<MetadataFile, Listed>>>;
  readonly #leaving = new Pending();
  #leavingBytes = 0;
  #shareBytes: number;
  #trimming: Promise<void> | null = null;
  /** True when the share may be exceeded; `#trim` then chooses files once more. */
  #mayTrim = false;
  #isClosed = false;

  constructor(parts: MetadataDeps, shareBytes: number) {
    this.#parts = parts;
    this.#shareBytes = shareBytes;
    // The lists never evict by themselves: deleting a file takes time and may fail.
    const list = (): LRUCache<MetadataFile, Listed> =>
      new LRUCache({
        maxSize: Number.MAX_SAFE_INTEGER,
        sizeCalculation: ({ costBytes }) => Math.max(1, costBytes),
      });
    this.#lists = { passing: list(), lasting: list(), pinned: list() };
  }

  get shareBytes(): number {
    return this.#shareBytes;
  }

  /** Bytes that all metadata takes, its directories included. */
  get usedBytes(): number {
    return this.#parts.ledger.balance('metadata') + this.#directoryBytes;
  }

  /** Registers the owner of a kind of files; called once, before any `add` of that kind. */
  own<File extends MetadataFile>(kind: File['kind'], owner: MetadataOwner<File>): void {
    this.#owners.set(kind, owner);
  }

  /**
   * Adds a file that exists, as the most recently used one; for a known file, updates cost and
   * worth.
   */
  add(file: MetadataFile): void {
    this.#unlist(file);
    const owner = this.#ownerOf(file);
    this.#list({ file, worth: owner.worth(file), costBytes: owner.cost(file) });
  }

  /** Removes a file that was deleted. */
  remove(file: MetadataFile): void {
    this.#unlist(file);
  }

  /** Marks a file as used just now; does nothing for one that is not listed. */
  touch(file: MetadataFile | undefined): void {
    const listed = file === undefined ? undefined : this.#listed.get(file);
    if (listed !== undefined) this.#lists[listed.worth].get(listed.file);
  }

  /** Evicts files for `bytes` more, in the background. */
  makeRoom(bytes: number): void {
    for (const file of this.#choose(bytes, MAX_AT_ONCE)) void this.#evict(file);
    this.trim();
  }

  /** Changes the share, and evicts what exceeds it. */
  resize(shareBytes: number): void {
    this.#shareBytes = shareBytes;
    this.trim();
  }

  /** Evicts what exceeds the share in the background, a few files at a time. */
  trim(): void {
    if (this.#isClosed || this.#excess(0) <= 0) return;
    this.#mayTrim = true;
    this.#trimming ??= this.#trim().finally(() => {
      this.#trimming = null;
    });
  }

  /** Resolves at once, or after the running evictions if there are more than `MAX_LEAVING`. */
  async pace(): Promise<void> {
    if (this.#leaving.size > MAX_LEAVING) await this.#leaving.settled();
  }

  /** Stops trimming. Resolves after running evictions have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#trimming;
    while (this.#leaving.size > 0) await this.#leaving.settled();
  }

  async #trim(): Promise<void> {
    while (this.#mayTrim && !this.#isClosed) {
      this.#mayTrim = false;
      const files = this.#choose(0, MAX_AT_ONCE);
      const gone = await Promise.all(files.map((file) => this.#evict(file)));
      // If the disk refused every deletion, do not retry in a loop: the next new file tries again.
      if (gone.includes(true)) this.#mayTrim = true;
    }
  }

  /** Returns how far `bytes` more would exceed the share once running evictions have ended. */
  #excess(bytes: number): number {
    const files = this.#parts.ledger.balance('metadata') - this.#leavingBytes + bytes;
    return files - this.#roomForFiles;
  }

  /** Directories do not shrink: half of the share stays for files, however low it is set. */
  get #roomForFiles(): number {
    return Math.max(this.#shareBytes - this.#directoryBytes, this.#shareBytes / 2);
  }

  get #directoryBytes(): number {
    const { directories } = this.#parts;
    return directories.chargedBytes('manifests') + directories.chargedBytes('responses');
  }

  #choose(bytes: number, atMost: number): MetadataFile[] {
    const chosen: MetadataFile[] = [];
    let excess = this.#excess(bytes);
    while (excess > 0 && chosen.length < atMost) {
      const listed = this.#next();
      if (listed === undefined) break;
      this.#unlist(listed.file);
      chosen.push(listed.file);
      excess -= listed.costBytes;
    }
    return chosen;
  }

  /** Returns the file to evict next. */
  #next(): Listed | undefined {
    const { passing, lasting, pinned } = this.#lists;
    for (const worth of ['pinned', 'lasting'] as const) this.#review(worth);
    const lastingBytes = lasting.calculatedSize + pinned.calculatedSize;
    const isOver = lastingBytes > LASTING_SHARE * this.#roomForFiles;
    const order = isOver ? [lasting, pinned, passing] : [passing, lasting, pinned];
    for (const list of order) {
      const found = this.#coldestIdle(list);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Moves the coldest file of a list if its worth has changed: chunks evicted, pin removed. */
  #review(worth: Worth): void {
    const coldest = coldestOf(this.#lists[worth]);
    if (coldest !== undefined && this.#worthOf(coldest) !== worth) this.#relist(coldest);
  }

  /**
   * Returns the coldest file of a list that is not in use. Files in use become the most recently
   * used; files whose worth has changed move to their own list. Looks at each file at most once.
   */
  #coldestIdle(list: LRUCache<MetadataFile, Listed>): Listed | undefined {
    for (let looks = list.size; looks > 0; looks -= 1) {
      const coldest = coldestOf(list);
      if (coldest === undefined) return undefined;
      if (this.#ownerOf(coldest.file).isBusy(coldest.file)) list.get(coldest.file);
      else if (this.#worthOf(coldest) === coldest.worth) return coldest;
      else this.#relist(coldest);
    }
    return undefined;
  }

  async #evict(file: MetadataFile): Promise<boolean> {
    const owner = this.#ownerOf(file);
    const costBytes = owner.cost(file);
    this.#leavingBytes += costBytes;
    const leaving = owner.evict(file);
    this.#leaving.track(leaving);
    const isGone = await leaving;
    this.#leavingBytes -= costBytes;
    if (isGone) this.#parts.events.metadataEvicted(file.kind);
    else if (owner.cost(file) > 0 && !this.#listed.has(file)) this.add(file);
    return isGone;
  }

  #relist(listed: Listed): void {
    this.#unlist(listed.file);
    this.#list({ ...listed, worth: this.#worthOf(listed) });
  }

  #list(listed: Listed): void {
    this.#listed.set(listed.file, listed);
    this.#lists[listed.worth].set(listed.file, listed);
  }

  #unlist(file: MetadataFile): void {
    const listed = this.#listed.get(file);
    if (listed === undefined) return;
    this.#listed.delete(file);
    this.#lists[listed.worth].delete(file);
  }

  #worthOf({ file }: Listed): Worth {
    return this.#ownerOf(file).worth(file);
  }

  #ownerOf({ kind }: MetadataFile): MetadataOwner<MetadataFile> {
    const owner = this.#owners.get(kind);
    if (owner === undefined) throw new Error(`no owner is registered for the kind ${kind}`);
    return owner;
  }
}

function coldestOf(list: LRUCache<MetadataFile, Listed>): Listed | undefined {
  const { value } = list.rvalues().next() as { readonly value: Listed | undefined };
  return value;
}
