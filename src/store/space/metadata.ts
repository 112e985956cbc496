/**
 * The metadata's share of the capacity: manifests and response records, with their directories. New
 * files make room for themselves here by evicting the least recently used ones. Their owners
 * (store/objects/manifests, store/responses/responses) report their files and evict those that are
 * chosen, in the background, a few at a time, so that a new URL waits for its own part at most.
 *
 * The order is that of use, with two exceptions. Files of objects that hold much last longer than
 * those of objects that hold next to nothing: a scan of a million tiny URLs costs no weights. And
 * these lasting files get half of the share at most, so that they never squeeze out the others.
 *
 * A file in use stays, and an object in use may grow: the share may be exceeded until it is closed.
 * The capacity never is (store/chunks/space).
 */
import { LRUCache } from 'lru-cache';
import type { MetadataKind, StoreEvents } from '../../model/store.js';
import type { Directories } from './directories.js';
import type { Ledger } from './ledger.js';
import { Pending } from './pending.js';

/**
 * An object that holds so many bytes lasts. Those that do are no more than the capacity has room
 * for: with a file of 8 KiB each in both trees their metadata is 1.6 % of it.
 */
export const LASTING_BYTES = 1024 * 1024;

/** Part of the share that lasting files may take while others need room. */
const LASTING_SHARE = 0.5;

/**
 * Files that one new file evicts at the most: it needs one or two; the rest of a larger excess (a
 * lower share, another version's cache) is removed in the background.
 */
const MAX_AT_ONCE = 8;

/** Files being evicted; beyond this new objects wait, so that new files cannot outrun evictions. */
const MAX_LEAVING = 128;

/** In the order in which they go. */
export type Worth = 'passing' | 'lasting' | 'pinned';

/** One file. The object is its identity here. */
export interface MetadataFile {
  readonly kind: MetadataKind;
}

/** Who knows of the files of one kind. */
export interface MetadataOwner<File extends MetadataFile> {
  /** Bytes that it takes on its device. */
  cost(file: File): number;
  isBusy(file: File): boolean;
  worth(file: File): Worth;
  /** Deletes it, unless it is in use by now. True when it is gone. Never rejects. */
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
  /** There is more to trim, or something has changed since that was looked for. */
  #mayTrim = false;
  #isClosed = false;

  constructor(parts: MetadataDeps, shareBytes: number) {
    this.#parts = parts;
    this.#shareBytes = shareBytes;
    // They never evict by themselves: files do not go at once.
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

  /** Sets the owner of the files of a kind; once, before any of them. */
  own<File extends MetadataFile>(kind: File['kind'], owner: MetadataOwner<File>): void {
    this.#owners.set(kind, owner);
  }

  /**
   * Takes in a file that is there, as the most recently used; one that is known has another size.
   */
  add(file: MetadataFile): void {
    this.#unlist(file);
    const owner = this.#ownerOf(file);
    this.#list({ file, worth: owner.worth(file), costBytes: owner.cost(file) });
  }

  /** The file is gone. */
  remove(file: MetadataFile): void {
    this.#unlist(file);
  }

  /** Marks a file as just used, if there is one. */
  touch(file: MetadataFile | undefined): void {
    const listed = file === undefined ? undefined : this.#listed.get(file);
    if (listed !== undefined) this.#lists[listed.worth].get(listed.file);
  }

  /** Evicts what `bytes` more need, in the background. */
  makeRoom(bytes: number): void {
    for (const file of this.#choose(bytes, MAX_AT_ONCE)) void this.#evict(file);
    this.trim();
  }

  /** Another share, from now on. */
  resize(shareBytes: number): void {
    this.#shareBytes = shareBytes;
    this.trim();
  }

  /** Removes what exceeds the share, a few at a time, unless that is under way. */
  trim(): void {
    if (this.#isClosed || this.#excess(0) <= 0) return;
    this.#mayTrim = true;
    this.#trimming ??= this.#trim().finally(() => {
      this.#trimming = null;
    });
  }

  /** Resolves once no more files are on their way out than may be. */
  async pace(): Promise<void> {
    if (this.#leaving.size > MAX_LEAVING) await this.#leaving.settled();
  }

  /** Ends the trimming; resolves when nothing is being evicted any more. */
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
      // A disk that refuses is not asked repeatedly: the next new file tries again.
      if (gone.includes(true)) this.#mayTrim = true;
    }
  }

  /** Bytes too many, were there `bytes` more and those gone that are leaving. */
  #excess(bytes: number): number {
    const files = this.#parts.ledger.balance('metadata') - this.#leavingBytes + bytes;
    return files - this.#roomForFiles;
  }

  /** Directories do not shrink: however low the share is made, half of it stays for files. */
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

  /** The next to go. */
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

  /**
   * The coldest of a list may be worth less by now: its chunks were evicted, or its pin is gone.
   */
  #review(worth: Worth): void {
    const coldest = coldestOf(this.#lists[worth]);
    if (coldest !== undefined && this.#worthOf(coldest) !== worth) this.#relist(coldest);
  }

  /**
   * A file in use counts as just used; one that is worth more now moves to its list. Each is passed
   * over once.
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
    if (owner === undefined) throw new Error(`nobody owns ${kind}s`);
    return owner;
  }
}

function coldestOf(list: LRUCache<MetadataFile, Listed>): Listed | undefined {
  const { value } = list.rvalues().next() as { readonly value: Listed | undefined };
  return value;
}
