/**
 * All manifests: which exist, which are open, and every change to one. file-store and commit call it.
 * Of a manifest that is not open only its key and size are in memory; ids are read when it is opened.
 */
import { unlink } from 'node:fs/promises';
import type { ObjectKey } from '../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../model/manifest.js';
import type { ObjectSummary } from '../model/store.js';
import type { ChunkFiles, StoreParts } from './chunk-files.js';
import { MAX_NAME_COST } from './directories.js';
import { isMissing, isOutOfDescriptors } from './errno.js';
import { KeyedLock } from './keyed-lock.js';
import { objectKey } from './keys.js';
import { fileCost, type Reservation } from './ledger.js';
import { ManifestLog } from './manifest-log.js';
import type { ManifestChange } from './manifest-records.js';
import { type KnownManifest, newManifest, ObjectState, summaryOf } from './object-state.js';
import { Pending } from './pending.js';
import type { Space } from './space.js';

export interface ManifestParts extends StoreParts {
  readonly files: ChunkFiles;
  readonly space: Space;
  readonly maxManifests: number;
  /** Objects whose chunks are evicted last. */
  readonly pinned: (identity: ObjectIdentity) => boolean;
}

export class Manifests {
  readonly #parts: ManifestParts;
  /** Least recently opened first. */
  readonly #known = new Map<ObjectKey, KnownManifest>();
  readonly #locks = new KeyedLock<ObjectKey>();
  readonly #background = new Pending();

  /** `found`: what recovery read, coldest first. */
  constructor(parts: ManifestParts, found: readonly KnownManifest[]) {
    this.#parts = parts;
    for (const known of found) this.#known.set(known.key, known);
  }

  get count(): number {
    return this.#known.size;
  }

  /** All of them in short, least recently opened first. */
  summaries(): ObjectSummary[] {
    return [...this.#known.values()].map(summaryOf);
  }

  /** Asks anew which objects are pinned. */
  repin(): void {
    this.#parts.index.resort(() => {
      for (const known of this.#known.values()) known.pinned = this.#parts.pinned(known.identity);
    });
  }

  /** Opens the manifest of `identity` for one more user. Rejects when descriptors have run out. */
  async open(identity: ObjectIdentity): Promise<ObjectState> {
    const key = objectKey(identity);
    const state = await this.#locks.run(key, async () => {
      const known =
        this.#known.get(key) ?? newManifest(key, identity, this.#parts.pinned(identity));
      this.#known.set(key, known);
      known.state ??= await this.#load(known, identity);
      this.#repin(known.state, identity);
      known.state.users += 1;
      this.#known.delete(key);
      this.#known.set(key, known);
      return known.state;
    });
    await this.keepBound();
    return state;
  }

  /** Runs `step` as one user more: its manifest stays open meanwhile, whoever releases it. */
  async using<T>(state: ObjectState, step: () => Promise<T>): Promise<T> {
    state.users += 1;
    try {
      return await step();
    } finally {
      this.release(state);
    }
  }

  /** One user less. The last one closes the file. */
  release(state: ObjectState): void {
    state.users -= 1;
    if (state.users > 0) return;
    const { known, log } = state;
    const closing = this.#locks.run(known.key, async () => {
      // Opened again, or an append still ran, while this waited.
      if (state.users > 0) return;
      if (known.state === state) known.state = null;
      if (state.life === 'live') state.life = 'closed';
      known.attestedBy = log.contents.attestedBy;
      await log.close().catch(() => undefined);
      if (known.sizeBytes === 0) this.#unlist(known);
    });
    this.#background.track(closing);
  }

  /**
   * Appends records whose room the caller reserved, unless they are `obsolete` when their turn comes. False
   * when they are not on disk: then they do not count in memory either.
   */
  append(
    state: ObjectState,
    changes: readonly ManifestChange[],
    reservation: Reservation,
    obsolete: () => boolean = () => false,
  ): Promise<boolean> {
    return this.#locks.run(state.known.key, async () => {
      if (obsolete()) return true;
      const done = state.life === 'live' && (await this.#write(state, changes, reservation));
      if (done && state.log.wantsCompaction) this.#background.track(this.#compact(state));
      return done;
    });
  }

  /** Records changes that hold in this process even where they cannot be written. */
  note(state: ObjectState, changes: readonly ManifestChange[]): Promise<void> {
    return this.using(state, async () => {
      if (!(await this.#appendWithRoom(state, changes))) state.log.apply(changes);
    });
  }

  /**
   * Forgets a chunk's ids: at once for whoever asks, so that a commit of equal bytes records them anew; on disk
   * when its turn comes, unless such a commit came before it.
   */
  async forget(state: ObjectState, { index, id }: ChunkRecord): Promise<void> {
    const change = { kind: 'forgotten', index, id } as const;
    const isKnownAgain = (): boolean => state.records.get(index)?.id === id;
    state.log.forget(change);
    await this.using(state, () => this.#appendWithRoom(state, [change], isKnownAgain));
  }

  /** Deletes the manifest; its chunks are no longer its own. Handles of it stay what `life` says. */
  async retire(state: ObjectState, life: 'superseded' | 'removed'): Promise<void> {
    const { known, log } = state;
    await this.#locks.run(known.key, async () => {
      if (state.life !== 'live') return;
      state.life = life;
      await log.close().catch(() => undefined);
      await this.#deleteFile(known);
      this.#unlist(known);
      this.#disown(known, log);
      if (life === 'removed') log.contents.records.clear();
    });
  }

  /** Forgets the least recently opened manifests that are not open, down to the bound. */
  async keepBound(): Promise<void> {
    const over = this.#known.size - this.#parts.maxManifests;
    if (over <= 0) return;
    const closed = [...this.#known.values()].filter((known) => known.state === null);
    for (const known of closed.slice(0, over)) {
      await this.#locks.run(known.key, async () => {
        if (known.state !== null || this.#known.get(known.key) !== known) return;
        const log = await this.#read(known).catch(() => undefined);
        await this.#deleteFile(known);
        if (log !== undefined) this.#disown(known, log);
        this.#unlist(known);
      });
    }
  }

  /** Closes every file; resolves when nothing is being closed or compacted any more. */
  async close(): Promise<void> {
    while (this.#background.size > 0) await this.#background.settled();
    for (const { state } of this.#known.values()) await state?.log.close().catch(() => undefined);
  }

  /** Which objects are pinned may have changed since it was opened last. */
  #repin({ known, records }: ObjectState, identity: ObjectIdentity): void {
    const { index, pinned } = this.#parts;
    const wanted = pinned(identity);
    if (wanted === known.pinned) return;
    const entries = [...records.values()].flatMap(({ id }) => index.get(id) ?? []);
    index.repin(known, wanted, entries);
  }

  async #load(known: KnownManifest, identity: ObjectIdentity): Promise<ObjectState> {
    const { index, layout } = this.#parts;
    const path = layout.manifest(known.key);
    const log = (await this.#read(known)) ?? ManifestLog.fresh(path, identity);
    for (const record of log.contents.records.values()) {
      const entry = index.get(record.id);
      if (entry !== undefined) index.own(entry, known);
    }
    return new ObjectState(known, log);
  }

  /** Reads a manifest; one that cannot be read is deleted, and the object begins anew. */
  async #read(known: KnownManifest): Promise<ManifestLog | undefined> {
    if (known.sizeBytes === 0) return undefined;
    const { health, layout, own } = this.#parts;
    try {
      const log = await ManifestLog.read(layout.manifest(known.key), own);
      if (log !== undefined && objectKey(log.contents.identity) === known.key) return log;
    } catch (error) {
      if (!isMissing(error)) health.readFailed('read', error);
      // Says nothing about the file, which is not to be lost for it.
      if (isOutOfDescriptors(error)) throw error;
    }
    await this.#deleteFile(known);
    return undefined;
  }

  async #appendWithRoom(
    state: ObjectState,
    changes: readonly ManifestChange[],
    obsolete?: () => boolean,
  ): Promise<boolean> {
    const { health, space } = this.#parts;
    if (!health.writable) return false;
    const cost = fileCost(state.log.growth(changes)) + MAX_NAME_COST;
    const reservation = await space.reserve(cost);
    if (reservation === undefined) return false;
    const done = await this.append(state, changes, reservation, obsolete);
    reservation.release();
    return done;
  }

  async #write(
    state: ObjectState,
    changes: readonly ManifestChange[],
    reservation: Reservation,
  ): Promise<boolean> {
    const { directories, health } = this.#parts;
    const { known, log } = state;
    const before = known.sizeBytes === 0 ? 0 : fileCost(known.sizeBytes);
    const growth = fileCost(log.sizeBytes + log.growth(changes)) - before;
    if (growth + MAX_NAME_COST > reservation.bytes) return false;
    try {
      if (before === 0) await directories.ensure('manifests', known.key);
      await log.append(changes);
    } catch (error) {
      if (isMissing(error)) directories.lost('manifests', known.key);
      health.failed('append', error);
      return false;
    }
    known.sizeBytes = log.sizeBytes;
    reservation.spend('metadata', growth);
    if (before === 0) directories.added('manifests', known.key, reservation);
    return true;
  }

  async #compact(state: ObjectState): Promise<void> {
    const { health, layout, ledger, space } = this.#parts;
    const { known, log } = state;
    await this.#locks.run(known.key, async () => {
      if (state.life !== 'live' || !log.wantsCompaction) return;
      const reservation = await space.reserve(fileCost(log.sizeBytes));
      if (reservation === undefined) return;
      try {
        const before = fileCost(known.sizeBytes);
        await log.rewrite(layout.nextDraft());
        known.sizeBytes = log.sizeBytes;
        reservation.spend('metadata', fileCost(known.sizeBytes));
        ledger.release('metadata', before);
      } catch (error) {
        health.failed('rewrite', error);
      } finally {
        reservation.release();
      }
    });
  }

  #disown(known: KnownManifest, log: ManifestLog): void {
    const { index } = this.#parts;
    for (const record of log.contents.records.values()) {
      const entry = index.get(record.id);
      if (entry !== undefined) index.disown(entry, known);
    }
  }

  /** An equal identity that comes later gets a manifest of its own. */
  #unlist(known: KnownManifest): void {
    if (this.#known.get(known.key) === known) this.#known.delete(known.key);
  }

  async #deleteFile(known: KnownManifest): Promise<void> {
    if (known.sizeBytes === 0) return;
    const { directories, health, layout, ledger } = this.#parts;
    try {
      await unlink(layout.manifest(known.key));
    } catch (error) {
      if (!isMissing(error)) {
        health.failed('unlink', error);
        return;
      }
    }
    directories.removed('manifests', known.key);
    ledger.release('metadata', fileCost(known.sizeBytes));
    known.sizeBytes = 0;
  }
}
