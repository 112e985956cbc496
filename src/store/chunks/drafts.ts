/**
 * Chunk files that are being written: reserves room, opens a file in `tmp/` or a memfd, and cleans
 * up however the draft ends. A worker writes to the descriptor; store/operations/commit takes over
 * the filled draft.
 */
import { constants, open } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ForebayError, ownShortage } from '../../model/errors.js';
import type { MemoryBudget } from '../../model/memory-budget.js';
import type { ChunkDraft, Placement, SystemCalls } from '../../model/store.js';
import type { StoreDeps } from './chunk-files.js';
import { MAX_NAME_COST } from '../space/directories.js';
import { isMissing } from '../directory/errno.js';
import { BLOCK_BYTES, fileCost, type Reservation } from '../space/ledger.js';
import { CountedFile } from './open-files.js';
import { Pending } from '../space/pending.js';
import type { CacheDirectory } from '../directory/cache-directory.js';
import type { Space } from './space.js';

const openDescriptor = promisify(open);
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
const FILE_MODE = 0o600;

/**
 * Bytes that a commit may write beside the chunk itself: a new manifest and a name in each of two
 * directories. The manifest's identity may contain a long URI (a request head is at most 16 KiB),
 * and its first record has at most 3 KiB. Reserved with the chunk, so that a finished fill does not
 * fail for lack of room for its record.
 */
const COMMIT_COST = fileCost(6 * BLOCK_BYTES) + 2 * MAX_NAME_COST;

/** A filled draft on disk, as a commit takes it over. */
export interface FilledDraft {
  readonly path: string;
  readonly reservation: Reservation;
  /** Includes the draft's own use, which the taker releases or passes on. */
  readonly file: CountedFile;
  readonly lengthBytes: number;
}

export interface DraftDeps extends StoreDeps {
  readonly space: Space;
  readonly site: CacheDirectory;
  readonly memory: MemoryBudget;
  readonly system: SystemCalls;
}

type DraftState =
  | { readonly kind: 'disk'; readonly path: string; readonly reservation: Reservation }
  | { readonly kind: 'memory' }
  | { readonly kind: 'ended' };

export class Draft implements ChunkDraft {
  readonly file: CountedFile;
  readonly lengthBytes: number;
  readonly #drafts: Drafts;
  #state: DraftState;
  #inMemory: boolean;

  constructor(drafts: Drafts, file: CountedFile, lengthBytes: number, state: DraftState) {
    this.#drafts = drafts;
    this.file = file;
    this.lengthBytes = lengthBytes;
    this.#state = state;
    this.#inMemory = state.kind === 'memory';
  }

  get placement(): Placement {
    return this.#inMemory ? 'memory' : 'disk';
  }

  /** Also called after a discard: the worker's memory charge must be released even then. */
  movedToMemory(errno: string): void {
    if (this.#inMemory) return;
    this.#inMemory = true;
    this.#drafts.chargedMemory(this.file, this.lengthBytes);
    if (this.#state.kind !== 'disk') return;
    this.#drafts.leftDisk(this.#state.path, this.#state.reservation, errno);
    this.#state = { kind: 'memory' };
  }

  discard(): void {
    const taken = this.take();
    if (taken !== undefined) this.#drafts.abandon(taken);
  }

  /**
   * Ends the draft and passes its file and reservation to the caller. Returns `undefined` when
   * nothing is on disk.
   */
  take(): FilledDraft | undefined {
    const state = this.#state;
    this.#state = { kind: 'ended' };
    switch (state.kind) {
      case 'disk': {
        const { file, lengthBytes } = this;
        return { path: state.path, reservation: state.reservation, file, lengthBytes };
      }
      case 'memory':
        this.file.release();
        return undefined;
      case 'ended':
        return undefined;
    }
  }
}

export class Drafts {
  readonly #parts: DraftDeps;
  readonly #cleaning = new Pending();

  constructor(parts: DraftDeps) {
    this.#parts = parts;
  }

  /** See `ChunkStore.draft`. */
  async open(lengthBytes: number, placement: Placement): Promise<Draft> {
    const disk = placement === 'disk' ? await this.#openOnDisk(lengthBytes) : undefined;
    return disk ?? this.#openInMemory(lengthBytes);
  }

  /**
   * Deletes a draft's file. Its bytes stay charged until the last reader releases the descriptor.
   */
  abandon(draft: FilledDraft): void {
    const { ledger } = this.#parts;
    draft.file.release();
    this.#unlink(draft.path, () => {
      const cost = fileCost(draft.lengthBytes);
      draft.reservation.spend('unlinked', cost);
      draft.reservation.release();
      void draft.file.whenClosed.then(() => {
        ledger.release('unlinked', cost);
      });
    });
  }

  /**
   * Deletes a tmp file that no reader has open: the worker has put a memfd under its descriptor.
   */
  leftDisk(path: string, reservation: Reservation, errno: string): void {
    this.#parts.health.failed('write', { code: errno });
    this.#unlink(path, () => {
      reservation.release();
    });
  }

  chargedMemory(file: CountedFile, lengthBytes: number): void {
    void file.whenClosed.then(() => {
      this.#parts.memory.release(lengthBytes);
    });
  }

  /** Resolves when the deletions of tmp files that run now have ended. */
  async settled(): Promise<void> {
    await this.#cleaning.settled();
  }

  async #openOnDisk(lengthBytes: number): Promise<Draft | undefined> {
    const { health, layout, openFiles, site, space } = this.#parts;
    if (!health.mayTry()) return undefined;
    const reservation = await space.reserve(fileCost(lengthBytes) + COMMIT_COST);
    if (reservation === undefined) return undefined;
    const path = layout.nextDraft();
    try {
      // After a start on a full or read-only disk the directories may still be missing.
      if (!site.isReady) site.prepare();
      const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
      const fd = await openFiles.opening(() => openDescriptor(path, flags, FILE_MODE));
      const file = new CountedFile(fd, openFiles);
      return new Draft(this, file, lengthBytes, { kind: 'disk', path, reservation });
    } catch (error) {
      reservation.release();
      // The process is short of something. The disk may work, and a memfd takes a descriptor too.
      const shortage = ownShortage(error);
      if (shortage !== null) throw shortage;
      health.failed('open', error);
      return undefined;
    }
  }

  #openInMemory(lengthBytes: number): Draft {
    const { memory, openFiles, system } = this.#parts;
    if (!memory.tryCharge(lengthBytes)) {
      throw noSpace('neither the cache directory nor the serve-through memory has room');
    }
    let fd: number;
    try {
      fd = system.createMemfd('forebay-chunk');
    } catch (error) {
      memory.release(lengthBytes);
      throw ownShortage(error) ?? noSpace('a memory file could not be created', error);
    }
    const file = new CountedFile(fd, openFiles);
    this.chargedMemory(file, lengthBytes);
    return new Draft(this, file, lengthBytes, { kind: 'memory' });
  }

  #unlink(path: string, whenGone: () => void): void {
    const { health } = this.#parts;
    const work = unlink(path).then(whenGone, (error: unknown) => {
      if (isMissing(error)) whenGone();
      // Its bytes stay reserved until the next start, which empties the directory.
      else health.failed('unlink', error);
    });
    this.#cleaning.track(work);
  }
}

function noSpace(message: string, cause?: unknown): ForebayError {
  return new ForebayError('no-space', message, { source: 'internal', retryable: true, cause });
}
