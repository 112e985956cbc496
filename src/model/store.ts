/** The ports of the store: chunk files, manifests, response records, pins. */
import type { Digest } from './digest.js';
import type { ChunkId, ObjectKey, ResponseKey } from './ids.js';
import type { ChunkRecord, ObjectIdentity } from './manifest.js';
import type { ResponseRecord } from './response.js';
import type { OpenFile } from './segment.js';

/** `disk`: a tmp file that can be committed. `memory`: a memfd that is freed after its readers. */
export type Placement = 'disk' | 'memory';

/** A chunk file being filled. Space for it is reserved until it is committed or discarded. */
export interface ChunkDraft {
  /** The file to write to. The draft owns it; readers `retain` it. */
  readonly file: OpenFile;
  readonly lengthBytes: number;
  readonly placement: Placement;
  /**
   * Records that a write to the disk failed with `errno`, such as `ENOSPC`, and that the writer
   * replaced the file by a memfd, whose bytes are charged already.
   */
  movedToMemory(errno: string): void;
  /** Unlinks the file and releases the reservation. Does nothing after commit. */
  discard(): void;
}

/** A held chunk, open and leased: it is not evicted before `release`. */
export interface HeldChunk {
  readonly file: OpenFile;
  readonly record: ChunkRecord;
  /** False until its bytes were compared with its ids in this process. */
  readonly verified: boolean;
  markVerified(): void;
  release(): void;
}

/** An open manifest. Handles of equal identity share one state. */
export interface ObjectHandle {
  readonly key: ObjectKey;
  readonly identity: ObjectIdentity;
  /** The digest that covers every id of this manifest; `null` while ids are only observed. */
  readonly attestedBy: Digest | null;
  /** Returns the ids of a chunk, held or not; `undefined` when unknown. */
  record(index: number): ChunkRecord | undefined;
  release(): void;
}

export type DropReason = 'corrupt' | 'missing' | 'unreadable' | 'replaced' | 'purged';

/** A summary of one manifest, known without opening it. */
export interface ObjectSummary {
  readonly key: ObjectKey;
  readonly identity: ObjectIdentity;
  readonly attestedBy: Digest | null;
  /** True when its chunks are evicted last. */
  readonly pinned: boolean;
  /** Held chunks and their bytes, those shared with another object included. */
  readonly heldChunks: number;
  readonly heldBytes: number;
}

/** `use`: a read, which counts as a use for eviction. `inspect`: does not count as a use. */
export type AcquireFor = 'use' | 'inspect';

/** The kinds of metadata. */
export type MetadataKind = 'manifest' | 'response';

export interface StoreUsage {
  readonly capacityBytes: number;
  /** Linked chunk files, metadata, drafts and unlinked-but-open files: never above capacity. */
  readonly usedBytes: number;
  readonly reservedBytes: number;
  /** The part of `usedBytes` that manifests and response records take, with their directories. */
  readonly metadataBytes: number;
  /** The most that metadata may take before the least recently used is evicted. */
  readonly metadataCapacityBytes: number;
  readonly memoryBytes: number;
  readonly chunks: number;
  /** Number of manifests. */
  readonly objects: number;
  readonly orphans: number;
  readonly evictedBytesTotal: number;
  /** False when nothing is stored and everything is served through memory. */
  readonly writable: boolean;
}

export interface ChunkStore {
  /** Opens the manifest of an object, and creates it if there is none. */
  openObject(identity: ObjectIdentity): Promise<ObjectHandle>;
  /**
   * Reserves space and opens a file for a chunk of at most `lengthBytes`. Evicts if necessary. Uses
   * memory if the disk cannot take the chunk or `placement` is `memory`. Rejects with `no-space`
   * (retryable) when neither has space now.
   */
  draft(lengthBytes: number, placement?: Placement): Promise<ChunkDraft>;
  /**
   * Makes a filled draft a held chunk: renames the file, then appends the manifest record. Resolves
   * to the chunk, leased and verified, or to `null` if it could not be stored (memory, disk
   * failure). Readers that retained the draft's file can still read it then.
   */
  commit(object: ObjectHandle, draft: ChunkDraft, record: ChunkRecord): Promise<HeldChunk | null>;
  /** True when the chunk could be acquired, as far as the index knows. */
  isHeld(object: ObjectHandle, index: number): boolean;
  /**
   * Opens and leases a held chunk and marks it used; `undefined` when it is not held (any more).
   */
  acquire(
    object: ObjectHandle,
    index: number,
    purpose?: AcquireFor,
  ): Promise<HeldChunk | undefined>;
  /**
   * Acquires a held chunk for `use` without waiting, if its file is open already. Returns
   * `undefined` if the file is not open or the chunk is not held; call `acquire` then.
   */
  acquireOpen(object: ObjectHandle, index: number): HeldChunk | undefined;
  /** Leases a held chunk, against eviction, without opening it; `undefined` when it is not held. */
  lease(object: ObjectHandle, index: number): { release(): void } | undefined;
  /**
   * Deletes a chunk's file and ids, so that the chunk is a miss. Keeps the ids of an attested
   * object if only the file failed (`corrupt`, `missing`, `unreadable`), because a digest covers
   * them. Deleting an id (`replaced`, `purged`) ends the attestation.
   */
  drop(object: ObjectHandle, index: number, reason: DropReason): Promise<void>;
  /** Records that `digest` was verified over the whole object: its ids are attested from now on. */
  attest(object: ObjectHandle, digest: Digest): Promise<void>;
  /**
   * Sets the length of an object that arrived without one. Resolves to its final identity's handle.
   */
  complete(object: ObjectHandle, lengthBytes: number): Promise<ObjectHandle>;
  /**
   * Removes an object: its manifest at once, its chunk files once they are not shared or leased.
   */
  remove(object: ObjectHandle, reason: DropReason): Promise<void>;
  /**
   * Changes the capacity, and the part of it for metadata. A smaller capacity evicts unleased
   * chunks at once. Leased ones are evicted with a later draft, and until then no draft gets disk
   * space.
   */
  resize(capacityBytes: number, metadataCapacityBytes: number): Promise<void>;
  usage(): StoreUsage;
  /** False while the disk takes nothing, or if the last draft found no space on it. */
  readonly isStoring: boolean;
  /** Iterates over all objects, least recently opened first. Do not await during the iteration. */
  objects(): Iterable<ObjectSummary>;
  /** Writes the LRU order and releases the lock. */
  close(): Promise<void>;
}

/** Objects of one origin whose chunks are evicted last. */
export interface Pin {
  readonly origin: string;
  /** Prefix of the path below the origin's mount; begins with `/`. */
  readonly pathPrefix: string;
}

/**
 * Pins set while the program runs. `in-memory`: writing them to the disk failed, so they are lost
 * at a restart.
 */
export interface PinStore {
  list(): readonly Pin[];
  add(pin: Pin): Promise<'kept' | 'in-memory' | 'too-many'>;
  remove(pin: Pin): Promise<'kept' | 'in-memory' | 'unknown'>;
}

export interface ResponseStore {
  /** Number of records on disk. */
  readonly count: number;
  get(key: ResponseKey): Promise<ResponseRecord | undefined>;
  /** Returns the record if it is in memory; `undefined` even if it may be on disk. */
  hot(key: ResponseKey): ResponseRecord | undefined;
  /** Like `get`, but does not count as a use for eviction. */
  peek(key: ResponseKey): Promise<ResponseRecord | undefined>;
  /**
   * Replaces a record by the result of `change`, without another change in between. `undefined`
   * means no record; returning `known` itself changes nothing. A `get` after `update` resolved
   * returns the new record; a restart after `settled` resolved keeps it.
   */
  update(
    key: ResponseKey,
    change: (known: ResponseRecord | undefined) => ResponseRecord | undefined,
  ): Promise<void>;
  /** Resolves when all changes are on the disk, or failed to be written. Never rejects. */
  settled(): Promise<void>;
  delete(key: ResponseKey): Promise<void>;
  /**
   * Iterates over all records, in no order. Records added meanwhile may be missed. Does not count
   * as a use for eviction.
   */
  entries(): AsyncIterable<readonly [ResponseKey, ResponseRecord]>;
}

/** System calls that Node lacks. compute/native implements them; the store does not import it. */
export interface SystemCalls {
  /** Takes an exclusive flock without waiting; false when another process holds it. */
  tryLock(fd: number): boolean;
  /** Returns the descriptor of a new anonymous memory file; the caller closes it. */
  createMemfd(name: string): number;
}

/** Events of the store; telemetry/metrics counts them. */
export interface StoreEvents {
  evicted(bytes: number): void;
  /** A manifest or response record was evicted. */
  metadataEvicted(kind: MetadataKind): void;
  diskError(operation: string, errno: string): void;
  dropped(id: ChunkId, reason: DropReason): void;
  /** A response record was stored, replaced or deleted, or left memory. */
  responseChanged(): void;
}
