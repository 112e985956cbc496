/**
 * The manifest of an object that is never stored and only served through memory.
 */
import { chunkCount } from '../../model/chunk.js';
import type { ObjectKey } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import type { ObjectHandle } from '../../model/store.js';

/** A handle that the store does not know: nothing of it is held, recorded or attested. */
export function ephemeralObject(key: ObjectKey, identity: ObjectIdentity): ObjectHandle {
  return {
    key,
    identity,
    attestedBy: null,
    record: () => undefined,
    release: () => undefined,
  };
}

/** The records of an object's chunks, for a reader that continues without its manifest. */
export function* recordsOf(object: ObjectHandle): Generator<ChunkRecord> {
  const { lengthBytes, chunkSizeBytes } = object.identity;
  for (let index = 0; index < chunkCount(lengthBytes ?? 0, chunkSizeBytes); index += 1) {
    const record = object.record(index);
    if (record !== undefined) yield record;
  }
}
