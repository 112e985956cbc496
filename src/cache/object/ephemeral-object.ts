/**
 * The manifest of an object that is never stored: what may not be kept is served through memory.
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

/**
 * What is recorded of an object, chunk by chunk: whoever reads on without its manifest needs it.
 */
export function* recordsOf(object: ObjectHandle): Generator<ChunkRecord> {
  const { lengthBytes, chunkSizeBytes } = object.identity;
  for (let index = 0; index < chunkCount(lengthBytes ?? 0, chunkSizeBytes); index += 1) {
    const record = object.record(index);
    if (record !== undefined) yield record;
  }
}
