/** The port behind which chunk files, manifests and response records live. */
import type { Digest } from './digest.js';
import type { ChunkId, ObjectKey, ResponseKey } from './ids.js';
import type { ChunkRecord, ObjectIdentity } from './manifest.js';
import type { ResponseRecord } from './response.js';
import type { OpenFile } from './segment.js';

/** `disk`: a tmp file that can be committed. `memory`: a memfd that serves its readers and goes. */
export type Placement = 'disk' | 'memory';

/** A chunk file being filled. Space for it is reserved until it is committed or discarded. */
export interface ChunkDraft {
  /** The descriptor to write to. Its owner is the draft; readers `retain` it. */
  readonly file: OpenFile;
  readonly lengthBytes: number;
  readonly placement: Placement;
  /**
   * The disk failed under the writer, which replaced the file by a memfd (already charged). `errno`
   * is the reason, such as `ENOSPC`.
   */
  movedToMemory(errno: string): void;
  /** Gives up: unlinks, releases the reservation. Harmless after commit. */
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
  /** The ids of a chunk, held or not; `undefined` when unknown. */
  record(index: number): ChunkRecord | undefined;
  release(): void;
}

export type DropReason = 'corrupt' | 'missing' | 'unreadable' | 'replaced' | 'purged';

/** One manifest in short, as it is known without opening it. */
export interface ObjectSummary {
  readonly key: ObjectKey;
  readonly identity: ObjectIdentity;
  readonly attestedBy: Digest | null;
  /** Its chunks are evicted last. */
  readonly pinned: boolean;
  /** Chunks of it that are here, and their bytes; those shared with another object included. */
  readonly heldChunks: number;
  readonly heldBytes: number;
}

/**
 * `use`: for a reader, which keeps the chunk recently used. `inspect`: leaves the LRU order alone.
 */
export type AcquireFor = 'use' | 'inspect';

/** What metadata there is: of objects' bytes, and of URLs. */
export type MetadataKind = 'manifest' | 'response';

export interface StoreUsage {
  readonly capacityBytes: number;
  /** Linked chunk files, metadata, drafts and unlinked-but-open files: never above capacity. */
  readonly usedBytes: number;
  readonly reservedBytes: number;
  /** Of them, manifests and response records with their directories. */
  readonly metadataBytes: number;
  /** What these may take before the least recently used go. */
  readonly metadataCapacityBytes: number;
  readonly memoryBytes: number;
  readonly chunks: number;
  /** Manifests. */
  readonly objects: number;
  readonly orphans: number;
  readonly evictedBytesTotal: number;
  /** False: nothing is stored, everything is served through memory. */
  readonly writable: boolean;
}

export interface ChunkStore {
  /** Opens the manifest of an object, or creates it. */
  openObject(identity: ObjectIdentity): Promise<ObjectHandle>;
  /**
   * Reserves room and opens a file for a chunk of at most `lengthBytes`. Evicts, and falls back to
   * memory if the disk cannot take it or `placement` demands memory. Rejects with `no-space`
   * (retryable) if neither has room now.
   */
  draft(lengthBytes: number, placement?: Placement): Promise<ChunkDraft>;
  /**
   * Turns a filled draft into a held chunk: rename, then manifest record. Resolves to the chunk,
   * leased and verified; or to `null` if it could not be stored (memory, disk failure). The draft's
   * file stays readable for those that retained it.
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
   * As `acquire` for `use`, at once, if its file is open already; `undefined` if it is not, or the
   * chunk is not held: call `acquire` then.
   */
  acquireOpen(object: ObjectHandle, index: number): HeldChunk | undefined;
  /** Keeps a held chunk from eviction without opening it; `undefined` when it is not held. */
  lease(object: ObjectHandle, index: number): { release(): void } | undefined;
  /**
   * Deletes a chunk's file and forgets its ids, so that it is a miss. Ids of an attested object are
   * kept when it was the file that failed (`corrupt`, `missing`, `unreadable`): a digest covers
   * them. Forgetting one (`replaced`, `purged`) ends the attestation.
   */
  drop(object: ObjectHandle, index: number, reason: DropReason): Promise<void>;
  /** Records that `digest` was checked over the whole object: its ids are attested from now on. */
  attest(object: ObjectHandle, digest: Digest): Promise<void>;
  /** Sets the length of an object that arrived without one, under its final identity. */
  complete(object: ObjectHandle, lengthBytes: number): Promise<ObjectHandle>;
  /** Forgets an object: its manifest at once, its chunk files as they are not shared or leased. */
  remove(object: ObjectHandle, reason: DropReason): Promise<void>;
  /**
   * Changes the capacity, and the metadata's share of it. Unleased chunks are evicted at once,
   * leased ones with a later draft; until then no room on disk is granted.
   */
  resize(capacityBytes: number, metadataCapacityBytes: number): Promise<void>;
  usage(): StoreUsage;
  /** False while the disk takes no writes, or the last write found no room. */
  readonly isStoring: boolean;
  /**
   * Every object there is, least recently opened first; read it to the end before anything else.
   */
  objects(): Iterable<ObjectSummary>;
  /** Writes the LRU order and releases the lock. */
  close(): Promise<void>;
}

/** Objects of one origin whose chunks are evicted last. */
export interface Pin {
  readonly origin: string;
  /** Of the path below the origin's mount; begins with `/`. */
  readonly pathPrefix: string;
}

/**
 * Pins set while the program runs. `in-memory`: the disk did not take them, a start forgets them.
 */
export interface PinStore {
  list(): readonly Pin[];
  add(pin: Pin): Promise<'kept' | 'in-memory' | 'too-many'>;
  remove(pin: Pin): Promise<'kept' | 'in-memory' | 'unknown'>;
}

export interface ResponseStore {
  /** Records on disk. */
  readonly count: number;
  get(key: ResponseKey): Promise<ResponseRecord | undefined>;
  /**
   * The record at once, if it is in memory; `undefined` does not mean that there is none on disk.
   */
  hot(key: ResponseKey): ResponseRecord | undefined;
  /** The record, without making it recently used. */
  peek(key: ResponseKey): Promise<ResponseRecord | undefined>;
  /**
   * Replaces a record by what `change` makes of it, with no other change in between: `undefined` is
   * none, and the same one leaves it as it is. Every `get` that begins after it resolved has the
   * new one; a restart after `settled` did.
   */
  update(
    key: ResponseKey,
    change: (known: ResponseRecord | undefined) => ResponseRecord | undefined,
  ): Promise<void>;
  /** Resolves when all changes are on the disk, where the disk takes it. Never rejects. */
  settled(): Promise<void>;
  delete(key: ResponseKey): Promise<void>;
  /**
   * Every record, in no order, read one after the other: the only way to URLs that the caller does
   * not know. Records added meanwhile may be missed. Leaves the LRU order alone.
   */
  entries(): AsyncIterable<readonly [ResponseKey, ResponseRecord]>;
}

/** System calls that Node lacks; compute/native provides them, so that the store needs no addon. */
export interface SystemCalls {
  /** Takes an exclusive flock without waiting; false when another process holds it. */
  tryLock(fd: number): boolean;
  /** A new anonymous memory file; the caller closes it. */
  createMemfd(name: string): number;
}

/** Events of the store; telemetry/metrics counts them. */
export interface StoreEvents {
  evicted(bytes: number): void;
  /** A manifest or a record gave way to newer ones. */
  metadataEvicted(kind: MetadataKind): void;
  diskError(operation: string, errno: string): void;
  dropped(id: ChunkId, reason: DropReason): void;
  /** A response record was stored, replaced or deleted, or is no longer in memory. */
  responseChanged(): void;
}
