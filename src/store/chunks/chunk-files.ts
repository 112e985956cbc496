/**
 * Opens, places and deletes chunk files, in step with the index and the ledger. file-store, commit,
 * space and manifests call it. While the store is open, nothing else changes a path below
 * `chunks/`.
 *
 * The index changes at once, the file system a little later, one step at a time per id: a file that
 * is being deleted is already a miss, and a new file of that id waits until the old one is deleted.
 */
import { type BigIntStats, constants, fstat, open } from 'node:fs';
import { rename, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ChunkId } from '../../model/ids.js';
import type { StoreEvents } from '../../model/store.js';
import type { ChunkEntry, ChunkIndex } from './chunk-index.js';
import type { Directories } from '../space/directories.js';
import type { DiskHealth } from './disk-health.js';
import { isMissing } from '../directory/errno.js';
import { KeyedLock } from '../directory/keyed-lock.js';
import type { Layout } from '../directory/layout.js';
import type { Ledger, Reservation } from '../space/ledger.js';
import { CountedFile, identityOf, type OpenFiles } from './open-files.js';
import type { Ownership } from '../directory/ownership.js';
import { Pending } from '../space/pending.js';

const openDescriptor = promisify(open);
const statDescriptor = promisify<number, { bigint: true }, BigIntStats>(fstat);

/** The file is not the one that was stored: wrong size, no regular file, or not ours alone. */
export class DamagedFileError extends Error {}

/** Dependencies that the parts of the store share. */
export interface StoreDeps {
  readonly layout: Layout;
  readonly own: Ownership;
  readonly ledger: Ledger;
  readonly index: ChunkIndex;
  readonly directories: Directories;
  readonly openFiles: OpenFiles;
  readonly health: DiskHealth;
  readonly events: StoreEvents;
}

export class ChunkFiles {
  readonly #parts: StoreDeps;
  readonly #paths = new KeyedLock<ChunkId>();
  /** Running evictions, whose bytes `Space` may have promised to a caller. */
  readonly #removals = new Pending();
  #evictedBytes = 0;

  constructor(parts: StoreDeps) {
    this.#parts = parts;
  }

  get evictedBytesTotal(): number {
    return this.#evictedBytes;
  }

  /** Runs `step` while no other step changes the path of `id`. */
  exclusive<T>(id: ChunkId, step: () => Promise<T>): Promise<T> {
    return this.#paths.run(id, step);
  }

  /** Resolves when the evictions that run now have ended. */
  async removalsSettled(): Promise<void> {
    await this.#removals.settled();
  }

  /**
   * Opens the entry's file, or retains the descriptor if it is already open; the caller releases
   * it. The entry must be leased. Rejects with `DamagedFileError` or the error of open(2).
   */
  async open(entry: ChunkEntry): Promise<CountedFile> {
    return this.taken(entry) ?? this.#paths.run(entry.id, () => this.openWithin(entry));
  }

  /** Retains the entry's file if it is already open; the caller releases it. */
  taken({ file }: ChunkEntry): CountedFile | undefined {
    if (file?.isOpen !== true) return undefined;
    file.retain();
    return file;
  }

  /** Moves a filled draft to its place. Runs within `exclusive`; rejects as rename(2) does. */
  async place(draftPath: string, entry: ChunkEntry, reservation: Reservation): Promise<void> {
    const { directories, layout } = this.#parts;
    await directories.ensure('chunks', entry.id);
    try {
      await rename(draftPath, layout.chunk(entry.id));
    } catch (error) {
      if (isMissing(error)) directories.lost('chunks', entry.id);
      throw error;
    }
    directories.added('chunks', entry.id, reservation);
    reservation.spend('linked', entry.cost);
  }

  /**
   * Deletes an entry to make room; it must not be busy. If that fails, adds it to the index again.
   */
  evict(entry: ChunkEntry): void {
    const { events, index, ledger } = this.#parts;
    index.delete(entry);
    ledger.announceLeaving(entry.cost);
    const removal = this.#paths.run(entry.id, async () => {
      const done = await this.unlink(entry);
      if (done) {
        await entry.file?.whenClosed;
        this.#evictedBytes += entry.lengthBytes;
        events.evicted(entry.lengthBytes);
      } else if (index.get(entry.id) === undefined) index.add(entry);
      ledger.settleLeaving(entry.cost);
    });
    this.#removals.track(removal);
  }

  /**
   * Deletes an entry, in use or not. It is a miss from now on; readers keep their descriptors.
   * Resolves when the path is free.
   */
  async remove(entry: ChunkEntry): Promise<void> {
    this.#parts.index.delete(entry);
    await this.#paths.run(entry.id, () => this.unlink(entry));
  }

  /**
   * Unlinks the entry's file, and releases its bytes in the ledger once its last descriptor is
   * closed. Runs within `exclusive`, for an entry that is not in the index. Resolves to false when
   * the disk refused.
   */
  async unlink(entry: ChunkEntry): Promise<boolean> {
    const { directories, health, index, layout, ledger } = this.#parts;
    try {
      // An entry of this id is in the index: an earlier commit has renamed its file over this one.
      if (index.get(entry.id) === undefined) await unlink(layout.chunk(entry.id));
    } catch (error) {
      if (!isMissing(error)) {
        health.failed('unlink', error);
        return false;
      }
    }
    directories.removed('chunks', entry.id);
    const { file } = entry;
    if (file === null) {
      ledger.release('linked', entry.cost);
      return true;
    }
    ledger.move('linked', 'unlinked', entry.cost);
    void file.whenClosed.then(() => {
      ledger.release('unlinked', entry.cost);
    });
    file.retire();
    return true;
  }

  /** Does what `open` does, for a caller that is already within `exclusive`. */
  async openWithin(entry: ChunkEntry): Promise<CountedFile> {
    const taken = this.taken(entry);
    if (taken !== undefined) return taken;
    const { index, layout, openFiles, own } = this.#parts;
    // The chunk was dropped while this step waited: the path is free or has another entry's file.
    if (!index.has(entry)) throw new DamagedFileError('the chunk was dropped');
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = await openFiles.opening(() => openDescriptor(layout.chunk(entry.id), flags));
    const file = new CountedFile(fd, openFiles);
    try {
      const stat = await statDescriptor(fd, { bigint: true });
      if (!stat.isFile() || stat.size !== BigInt(entry.lengthBytes)) {
        throw new DamagedFileError(`${String(stat.size)} bytes, not ${String(entry.lengthBytes)}`);
      }
      const fault = own.fault({ uid: Number(stat.uid), mode: Number(stat.mode) });
      // Another user who may write the file could change it after it was verified.
      if (fault !== undefined) throw new DamagedFileError(fault);
      file.identity = identityOf(stat);
    } catch (error) {
      file.release();
      throw error;
    }
    entry.file = file;
    file.whenUnused = 'keep';
    return file;
  }
}
