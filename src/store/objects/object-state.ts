/**
 * An open manifest as its handles share it, and the handle itself. Made by store/objects/manifests
 * only.
 */
import type { Digest } from '../../model/digest.js';
import type { ObjectKey } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import type { ObjectHandle, ObjectSummary } from '../../model/store.js';
import type { Owner } from '../chunks/chunk-index.js';
import type { ManifestLog } from './manifest-log.js';
import type { MetadataFile } from '../space/metadata.js';

/** One manifest that exists, open or not: all that is kept in memory of one that is not open. */
export interface KnownManifest extends Owner, MetadataFile {
  readonly kind: 'manifest';
  pinned: boolean;
  readonly identity: ObjectIdentity;
  /** As it was when the manifest was last closed; an open one knows better. */
  attestedBy: Digest | null;
  /** Bytes of its file; 0 while it has none. */
  sizeBytes: number;
  state: ObjectState | null;
}

/** A manifest that has no file yet. */
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

/** The facts about a manifest that need no opening. */
export function summaryOf(known: KnownManifest): ObjectSummary {
  const { key, identity, pinned, held, state } = known;
  const attestedBy = state === null ? known.attestedBy : state.log.contents.attestedBy;
  const { chunks: heldChunks, bytes: heldBytes } = held;
  return { key, identity, attestedBy, pinned, heldChunks, heldBytes };
}

/**
 * live: may grow. closed: its last handle was released. superseded: its object went on under its
 * final identity, readers read on. removed: forgotten, it has no chunks.
 */
export type ObjectLife = 'live' | 'closed' | 'superseded' | 'removed';

export class ObjectState {
  readonly known: KnownManifest;
  readonly log: ManifestLog;
  life: ObjectLife = 'live';
  /** Handles that were not released. */
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
