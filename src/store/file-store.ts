/**
 * Implements the ChunkStore port on the file system with manifests, chunk files, drafts and space.
 * cache/ calls it; store/open-store constructs it.
 */
import type { Digest } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { ChunkRecord, ObjectIdentity } from '../model/manifest.js';
import type {
  AcquireFor,
  ChunkDraft,
  ChunkStore,
  DropReason,
  HeldChunk,
  ObjectHandle,
  ObjectSummary,
  Placement,
  StoreUsage,
} from '../model/store.js';
import type { ChunkEntry } from './chunks/chunk-index.js';
import { DamagedFileError } from './chunks/chunk-files.js';
import { checkRecord, commitDraft, type CommitDeps } from './operations/commit.js';
import { Draft } from './chunks/drafts.js';
import { errnoOf } from '../model/errno.js';
import { isOutOfDescriptors } from './directory/errno.js';
import { HeldFile, Lease } from './chunks/held-chunk.js';
import type { ManifestChange } from './objects/manifest-records.js';
import { Handle, type ObjectState } from './objects/object-state.js';
import type { MemoryBudget } from '../model/memory-budget.js';
import type { Metadata } from './space/metadata.js';
import type { OrderSnapshots } from './chunks/order.js';
import type { Pending } from './space/pending.js';
import type { CacheDirectory } from './directory/cache-directory.js';
import type { Space } from './chunks/space.js';

export interface FileStoreDeps extends CommitDeps {
  readonly order: OrderSnapshots;
  /** `close` awaits their writes: another process may use the directory once it is unlocked. */
  readonly responses: { settled(): Promise<void> };
  readonly metadata: Metadata;
  /** The removal of files that older versions left. */
  readonly clearing: Pending;
  readonly space: Space;
  readonly site: CacheDirectory;
  readonly memory: MemoryBudget;
  readonly chunkSizeBytes: number;
}

interface Found {
  readonly entry: ChunkEntry;
  readonly record: ChunkRecord;
}

export class FileChunkStore implements ChunkStore {
  readonly #parts: FileStoreDeps;

  constructor(parts: FileStoreDeps) {
    this.#parts = parts;
  }

  async openObject(identity: ObjectIdentity): Promise<ObjectHandle> {
    if (identity.chunkSizeBytes !== this.#parts.chunkSizeBytes) {
      throw new RangeError(
        `chunks of this store cannot have ${String(identity.chunkSizeBytes)} bytes`,
      );
    }
    try {
      return this.#handle(identity, await this.#parts.manifests.open(identity));
    } catch (cause) {
      const details = { source: 'internal', retryable: true, cause } as const;
      throw new ForebayError('disk', `a manifest cannot be opened: ${errnoOf(cause)}`, details);
    }
  }

  async draft(lengthBytes: number, placement: Placement = 'disk'): Promise<ChunkDraft> {
    const { chunkSizeBytes, drafts } = this.#parts;
    if (!Number.isSafeInteger(lengthBytes) || lengthBytes <= 0 || lengthBytes > chunkSizeBytes) {
      throw new RangeError(`a chunk cannot have ${String(lengthBytes)} bytes`);
    }
    return drafts.open(lengthBytes, placement);
  }

  async commit(
    object: ObjectHandle,
    draft: ChunkDraft,
    record: ChunkRecord,
  ): Promise<HeldChunk | null> {
    const state = stateOf(object);
    if (!(draft instanceof Draft)) throw new TypeError('the draft belongs to another store');
    checkRecord(object.identity, record, draft.lengthBytes);
    const filled = draft.take();
    if (filled === undefined) return null;
    // The caller may release the object meanwhile: `using` keeps the manifest open until the record
    // is appended.
    return this.#parts.manifests.using(state, () =>
      commitDraft(this.#parts, state, filled, record),
    );
  }

  isHeld(object: ObjectHandle, index: number): boolean {
    return this.#find(object, index) !== undefined;
  }

  async acquire(
    object: ObjectHandle,
    index: number,
    purpose: AcquireFor = 'use',
  ): Promise<HeldChunk | undefined> {
    const found = this.#find(object, index);
    if (found === undefined) return undefined;
    const { entry, record } = found;
    const { files, index: chunks } = this.#parts;
    const lease = new Lease(entry);
    if (purpose === 'use') chunks.touch(entry);
    try {
      const file = await files.open(entry);
      if (chunks.has(entry)) return new HeldFile(entry, record, file, lease);
      // The chunk was dropped while its file was being opened: the bytes may be wrong.
      file.release();
    } catch (error) {
      await this.#openFailed(stateOf(object), found, error);
    }
    lease.release();
    return undefined;
  }

  acquireOpen(object: ObjectHandle, index: number): HeldChunk | undefined {
    const found = this.#find(object, index);
    const file = found === undefined ? undefined : this.#parts.files.taken(found.entry);
    if (found === undefined || file === undefined) return undefined;
    const { entry, record } = found;
    this.#parts.index.touch(entry);
    return new HeldFile(entry, record, file, new Lease(entry));
  }

  lease(object: ObjectHandle, index: number): { release(): void } | undefined {
    const found = this.#find(object, index);
    return found === undefined ? undefined : new Lease(found.entry);
  }

  async drop(object: ObjectHandle, index: number, reason: DropReason): Promise<void> {
    const state = stateOf(object);
    const record = state.records.get(index);
    if (record !== undefined) await this.#drop(state, record, reason);
  }

  async attest(object: ObjectHandle, digest: Digest): Promise<void> {
    await this.#parts.manifests.note(stateOf(object), [{ kind: 'attested', digest }]);
  }

  async complete(object: ObjectHandle, lengthBytes: number): Promise<ObjectHandle> {
    const { index, manifests } = this.#parts;
    const growing = stateOf(object);
    if (object.identity.lengthBytes !== null) throw new RangeError('the length is known already');
    const identity = { ...object.identity, lengthBytes };
    const state = await manifests.open(identity);
    const changes: ManifestChange[] = [];
    for (const record of growing.records.values()) {
      if (state.records.get(record.index)?.id !== record.id)
        changes.push({ kind: 'chunk', record });
    }
    if (changes.length > 0) await manifests.note(state, changes);
    for (const { id } of state.records.values()) {
      const entry = index.get(id);
      if (entry !== undefined) index.own(entry, state.known);
    }
    await manifests.retire(growing, 'superseded');
    return this.#handle(identity, state);
  }

  async remove(object: ObjectHandle, reason: DropReason): Promise<void> {
    const { events, files, index, manifests } = this.#parts;
    const state = stateOf(object);
    const records = [...state.records.values()];
    await manifests.retire(state, 'removed');
    for (const { id } of records) {
      const entry = index.get(id);
      // A chunk that another object shares stays; one in use is evicted later, as an orphan.
      if (entry === undefined || entry.owners.length > 0 || entry.isBusy) continue;
      events.dropped(id, reason);
      await files.remove(entry);
    }
  }

  resize(capacityBytes: number, metadataCapacityBytes: number): Promise<void> {
    this.#parts.metadata.resize(metadataCapacityBytes);
    return this.#parts.space.resize(capacityBytes);
  }

  get isStoring(): boolean {
    const { health, space } = this.#parts;
    return health.writable && !space.refuses;
  }

  usage(): StoreUsage {
    const { files, health, index, ledger, manifests, memory, metadata } = this.#parts;
    return {
      capacityBytes: ledger.capacityBytes,
      usedBytes: ledger.usedBytes,
      reservedBytes: ledger.balance('drafts'),
      metadataBytes: metadata.usedBytes,
      metadataCapacityBytes: metadata.shareBytes,
      memoryBytes: memory.usedBytes,
      chunks: index.size,
      objects: manifests.count,
      orphans: index.orphans,
      evictedBytesTotal: files.evictedBytesTotal,
      writable: health.writable,
    };
  }

  objects(): Iterable<ObjectSummary> {
    return this.#parts.manifests.summaries();
  }

  /** Writes the order and closes idle descriptors; readers keep the descriptors that they hold. */
  async close(): Promise<void> {
    const { clearing, drafts, files, manifests, metadata, openFiles, order, responses, site } =
      this.#parts;
    await clearing.settled();
    await order.close();
    await drafts.settled();
    await responses.settled();
    await metadata.close();
    await manifests.close();
    await files.removalsSettled();
    await openFiles.close();
    site.close();
  }

  #handle(identity: ObjectIdentity, state: ObjectState): Handle {
    return new Handle(identity, state, (released) => {
      this.#parts.manifests.release(released);
    });
  }

  /** Returns a chunk that the manifest names and whose file has the length that it records. */
  #find(object: ObjectHandle, index: number): Found | undefined {
    const record = stateOf(object).records.get(index);
    if (record === undefined) return undefined;
    const entry = this.#parts.index.get(record.id);
    return entry?.lengthBytes === record.lengthBytes ? { entry, record } : undefined;
  }

  async #openFailed(state: ObjectState, { entry, record }: Found, error: unknown): Promise<void> {
    const { health, index } = this.#parts;
    if (isOutOfDescriptors(error)) {
      // The process lacks descriptors; the chunk may be intact, so it stays.
      health.readFailed('open', error);
      return;
    }
    if (index.has(entry)) await this.#drop(state, record, this.#reasonOf(error));
  }

  #reasonOf(error: unknown): DropReason {
    if (error instanceof DamagedFileError) return 'corrupt';
    switch (errnoOf(error)) {
      case 'ENOENT':
        return 'missing';
      // A symlink, a device or a socket where a file was.
      case 'ELOOP':
      case 'ENXIO':
        return 'corrupt';
      default:
        this.#parts.health.readFailed('open', error);
        return 'unreadable';
    }
  }

  async #drop(state: ObjectState, record: ChunkRecord, reason: DropReason): Promise<void> {
    const { events, files, index, manifests } = this.#parts;
    const { id } = record;
    const entry = index.get(id);
    if (entry !== undefined) events.dropped(id, reason);
    const removed = entry === undefined ? undefined : files.remove(entry);
    if (forgetsIds(state, reason)) await manifests.forget(state, record);
    await removed;
  }
}

/**
 * True when the ids must go with the file. Attested ids are right: a failure is the file's, and
 * they stay.
 */
function forgetsIds(state: ObjectState, reason: DropReason): boolean {
  if (state.log.contents.attestedBy === null) return true;
  switch (reason) {
    case 'corrupt':
    case 'missing':
    case 'unreadable':
      return false;
    case 'replaced':
    case 'purged':
      return true;
  }
}

function stateOf(object: ObjectHandle): ObjectState {
  if (!(object instanceof Handle)) throw new TypeError('the object belongs to another store');
  return object.state;
}
