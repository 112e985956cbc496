/**
 * The manifest of an object that is never stored: a response that may not be stored is served from
 * memory. Used by Generation and Generations.
 */
import { chunkCount } from '../../model/chunk.js';
import type { ObjectKey } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import type { ObjectHandle } from '../../model/store.js';

/** Returns a handle unknown to the store: it has no held chunk, no record and no attestation. */
export function ephemeralObject(key: ObjectKey, identity: ObjectIdentity): ObjectHandle {
  return {
    key,
    identity,
    attestedBy: null,
    record: () => undefined,
    release: () => undefined,
  };
}

/**
 * Yields the recorded chunks of an object. A detached generation keeps them when it loses its
 * manifest, so that it can compare what arrives again.
 */
export function* recordsOf(object: ObjectHandle): Generator<ChunkRecord> {
  const { lengthBytes, chunkSizeBytes } = object.identity;
  for (let index = 0; index < chunkCount(lengthBytes ?? 0, chunkSizeBytes); index += 1) {
    const record = object.record(index);
    if (record !== undefined) yield record;
  }
}
