/**
 * The state of an open manifest, which its handles share, and the handle itself. Only
 * store/objects/manifests and store/file-store construct them.
 */
import type { Digest } from '../../model/digest.js';
import type { ObjectKey } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import type { ObjectHandle, ObjectSummary } from '../../model/store.js';
import type { Owner } from '../chunks/chunk-index.js';
import type { ManifestLog } from './manifest-log.js';
import type { MetadataFile } from '../space/metadata.js';

/** A manifest that exists, open or not. One that is not open has nothing else in memory. */
export interface KnownManifest extends Owner, MetadataFile {
  readonly kind: 'manifest';
  pinned: boolean;
  readonly identity: ObjectIdentity;
  /** The value at the last close; while the manifest is open, its `state` has the current one. */
  attestedBy: Digest | null;
  /** Bytes of its file; 0 while it has no file. */
  sizeBytes: number;
  state: ObjectState | null;
}

/** Returns a manifest that has no file yet. */
export function newManifest(
  key: ObjectKey,
  identity: ObjectIdentity,
  pinned: boolean,
): KnownManifest {
  const held = { chunks: 0, bytes: 0 };
  return {
    kind: 'manifest',
    key,
    identity,
    attestedBy: null,
    pinned,
    held,
    sizeBytes: 0,
    state: null,
  };
}

/** Returns the summary of a manifest, without opening it. */
export function summaryOf(known: KnownManifest): ObjectSummary {
  const { key, identity, pinned, held, state } = known;
  const attestedBy = state === null ? known.attestedBy : state.log.contents.attestedBy;
  const { chunks: heldChunks, bytes: heldBytes } = held;
  return { key, identity, attestedBy, pinned, heldChunks, heldBytes };
}

/**
 * live: may grow. closed: its last handle was released. superseded: its object continues under its
 * final identity, while readers of this one read on. removed: the object was removed and has no
 * chunks.
 */
export type ObjectLife = 'live' | 'closed' | 'superseded' | 'removed';

export class ObjectState {
  readonly known: KnownManifest;
  readonly log: ManifestLog;
  life: ObjectLife = 'live';
  /** Handles not yet released, and operations in progress (`Manifests.using`). */
  users = 0;

  constructor(known: KnownManifest, log: ManifestLog) {
    this.known = known;
    this.log = log;
  }

  get records(): ReadonlyMap<number, ChunkRecord> {
    return this.log.contents.records;
  }
}

export class Handle implements ObjectHandle {
  readonly identity: ObjectIdentity;
  readonly state: ObjectState;
  readonly #whenReleased: (state: ObjectState) => void;
  #released = false;

  constructor(
    identity: ObjectIdentity,
    state: ObjectState,
    whenReleased: (state: ObjectState) => void,
  ) {
    this.identity = identity;
    this.state = state;
    this.#whenReleased = whenReleased;
  }

  get key(): ObjectKey {
    return this.state.known.key;
  }

  get attestedBy(): Digest | null {
    return this.state.log.contents.attestedBy;
  }

  record(index: number): ChunkRecord | undefined {
    return this.state.records.get(index);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#whenReleased(this.state);
  }
}
