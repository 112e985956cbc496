/**
 * All manifests: which exist, which are open, and every change to one. file-store and commit call
 * it. A manifest that is not open has no ids in memory, only a summary (`KnownManifest`); opening
 * it reads the ids.
 */
import type { ObjectKey } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import type { ObjectSummary } from '../../model/store.js';
import type { ChunkFiles, StoreDeps } from '../chunks/chunk-files.js';
import type { ChunkEntry } from '../chunks/chunk-index.js';
import { MAX_NAME_COST } from '../space/directories.js';
import { LASTING_BYTES, type Metadata, type MetadataOwner, type Worth } from '../space/metadata.js';
import { KeyedLock } from '../directory/keyed-lock.js';
import { objectKey } from './keys.js';
import { fileCost, type Reservation } from '../space/ledger.js';
import { ManifestLog } from './manifest-log.js';
import { ManifestFiles } from './manifest-files.js';
import type { ManifestChange } from './manifest-records.js';
import { type KnownManifest, newManifest, ObjectState, summaryOf } from './object-state.js';
import { Pending } from '../space/pending.js';
import type { Space } from '../chunks/space.js';

export interface ManifestDeps extends StoreDeps {
  readonly files: ChunkFiles;
  readonly space: Space;
  readonly metadata: Metadata;
  /** True for objects whose chunks are evicted last. */
  readonly pinned: (identity: ObjectIdentity) => boolean;
}

export class Manifests implements MetadataOwner<KnownManifest> {
  readonly #parts: ManifestDeps;
  readonly #files: ManifestFiles;
  /** Least recently opened first. */
  readonly #known = new Map<ObjectKey, KnownManifest>();
  readonly #locks = new KeyedLock<ObjectKey>();
  readonly #background = new Pending();

  constructor(parts: ManifestDeps) {
    this.#parts = parts;
    this.#files = new ManifestFiles(parts);
    parts.metadata.own('manifest', this);
  }

  /** Registers a manifest that recovery read; called coldest first. */
  found(known: KnownManifest): void {
    this.#known.set(known.key, known);
    this.#parts.metadata.add(known);
  }

  /** Returns a manifest without opening it. */
  find(key: ObjectKey): KnownManifest | undefined {
    return this.#known.get(key);
  }

  get count(): number {
    return this.#known.size;
  }

  /** Returns a summary of every manifest, least recently opened first. */
  summaries(): ObjectSummary[] {
    return [...this.#known.values()].map(summaryOf);
  }

  /** Evaluates `pinned` anew for every object, after the pins have changed. */
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
      this.#parts.metadata.touch(known);
      this.#repin(known.state, identity);
      known.state.users += 1;
      this.#known.delete(key);
      this.#known.set(key, known);
      return known.state;
    });
    await this.#parts.metadata.pace();
    return state;
  }

  /** Runs `step` as an additional user, so that the manifest stays open meanwhile. */
  async using<T>(state: ObjectState, step: () => Promise<T>): Promise<T> {
    state.users += 1;
    try {
      return await step();
    } finally {
      this.release(state);
    }
  }

  /** Removes one user. After the last one the file is closed. */
  release(state: ObjectState): void {
    state.users -= 1;
    if (state.users > 0) return;
    const { known, log } = state;
    const closing = this.#locks.run(known.key, async () => {
      // The manifest was opened again, or an append is still running.
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
   * Appends records whose room the caller reserved, unless they are `obsolete` once the lock is
   * held. Resolves to false when they could not be written: they are not applied in memory either.
   */
  append(
    state: ObjectState,
    changes: readonly ManifestChange[],
    reservation: Reservation,
    obsolete: () => boolean = () => false,
  ): Promise<boolean> {
    return this.#locks.run(state.known.key, async () => {
      if (obsolete()) return true;
      const done = state.life === 'live' && (await this.#files.append(state, changes, reservation));
      if (done && state.log.wantsCompaction) this.#background.track(this.#compact(state));
      return done;
    });
  }

  /** Records changes; if they cannot be written, they are applied in memory alone. */
  note(state: ObjectState, changes: readonly ManifestChange[]): Promise<void> {
    return this.using(state, async () => {
      if (!(await this.#appendWithRoom(state, changes))) state.log.apply(changes);
    });
  }

  /**
   * Forgets a chunk's ids: in memory at once, so that a commit of equal bytes records them anew; on
   * disk once the lock is held, unless such a commit came first.
   */
  async forget(state: ObjectState, { index, id }: ChunkRecord): Promise<void> {
    const change = { kind: 'forgotten', index, id } as const;
    const isKnownAgain = (): boolean => state.records.get(index)?.id === id;
    state.log.forget(change);
    await this.using(state, () => this.#appendWithRoom(state, [change], isKnownAgain));
  }

  /**
   * Deletes the manifest and ends its ownership of its chunks. Open handles continue in the state
   * `life`.
   */
  async retire(state: ObjectState, life: 'superseded' | 'removed'): Promise<void> {
    const { known, log } = state;
    await this.#locks.run(known.key, async () => {
      if (state.life !== 'live') return;
      state.life = life;
      await log.close().catch(() => undefined);
      await this.#files.delete(known);
      this.#unlist(known);
      this.#disown(known, log);
      if (life === 'removed') log.contents.records.clear();
    });
  }

  cost({ sizeBytes }: KnownManifest): number {
    return sizeBytes === 0 ? 0 : fileCost(sizeBytes);
  }

  isBusy({ state }: KnownManifest): boolean {
    return state !== null;
  }

  worth({ held, pinned }: KnownManifest): Worth {
    if (pinned) return 'pinned';
    return held.bytes >= LASTING_BYTES ? 'lasting' : 'passing';
  }

  /**
   * Deletes an idle manifest to make room. Chunks that no other manifest names become orphans;
   * those of a small object are evicted at once. Resolves to false when the manifest is in use or
   * could not be deleted.
   */
  evict(known: KnownManifest): Promise<boolean> {
    return this.#locks.run(known.key, async () => {
      if (known.state !== null || this.#known.get(known.key) !== known) return false;
      const entries = await this.#entriesOf(known);
      if (entries === undefined) return false;
      await this.#files.delete(known);
      if (known.sizeBytes > 0) return false;
      const isSmall = known.held.bytes < LASTING_BYTES;
      for (const entry of entries) {
        this.#parts.index.disown(entry, known);
        if (isSmall && entry.tier === 'orphan' && !entry.isBusy) this.#parts.files.evict(entry);
      }
      this.#unlist(known);
      return true;
    });
  }

  /** Closes every file. Resolves after running closes and compactions have ended. */
  async close(): Promise<void> {
    while (this.#background.size > 0) await this.#background.settled();
    for (const { state } of this.#known.values()) await state?.log.close().catch(() => undefined);
  }

  /** Updates the manifest's pin, which may have changed since it was last opened. */
  #repin({ known, records }: ObjectState, identity: ObjectIdentity): void {
    const { index, pinned } = this.#parts;
    const isPinned = pinned(identity);
    if (isPinned === known.pinned) return;
    const entries = [...records.values()].flatMap(({ id }) => index.get(id) ?? []);
    index.repin(known, isPinned, entries);
  }

  async #load(known: KnownManifest, identity: ObjectIdentity): Promise<ObjectState> {
    const { index, layout } = this.#parts;
    const path = layout.manifest(known.key);
    const log = (await this.#files.read(known)) ?? ManifestLog.fresh(path, identity);
    for (const record of log.contents.records.values()) {
      const entry = index.get(record.id);
      if (entry !== undefined) index.own(entry, known);
    }
    return new ObjectState(known, log);
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

  async #compact(state: ObjectState): Promise<void> {
    await this.#locks.run(state.known.key, async () => {
      if (state.life === 'live' && state.log.wantsCompaction) await this.#files.compact(state);
    });
  }

  /**
   * Returns the held chunks of a manifest that is not open; `undefined` if it cannot be read now.
   */
  async #entriesOf(known: KnownManifest): Promise<readonly ChunkEntry[] | undefined> {
    if (known.held.chunks === 0) return [];
    try {
      const log = await this.#files.read(known);
      const ids = [...(log?.contents.records.values() ?? [])].map(({ id }) => id);
      return ids.flatMap((id) => this.#parts.index.get(id) ?? []);
    } catch {
      return undefined;
    }
  }

  #disown(known: KnownManifest, log: ManifestLog): void {
    const { index } = this.#parts;
    for (const record of log.contents.records.values()) {
      const entry = index.get(record.id);
      if (entry !== undefined) index.disown(entry, known);
    }
  }

  /** Removes the manifest from the list, so that an equal identity gets a new one. */
  #unlist(known: KnownManifest): void {
    if (this.#known.get(known.key) === known) this.#known.delete(known.key);
  }
}
