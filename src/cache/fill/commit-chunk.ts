/** Commits a chunk that a worker has written. Used by cache/fill/fill and cache/fill/intake. */
import type { WrittenChunk } from '../../compute/protocol.js';
import { parseChunkId } from '../../model/ids.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';

/**
 * Commits the chunk that a worker wrote for `flight` and ends the flight well. Rejects when the
 * commit fails.
 */
export async function store(
  generation: LiveObject,
  flight: Flight,
  chunk: WrittenChunk,
): Promise<void> {
  const { state } = flight;
  if (state.kind !== 'receiving') return;
  const { draft } = state;
  moveDraft(flight, chunk.diskFailure);
  const id = parseChunkId(chunk.chunkId);
  if (id === undefined) throw new Error('a worker reported a malformed chunk id');
  const { index, lengthBytes, groupIds } = chunk;
  const record = { index, lengthBytes, id, groupIds };
  const { services, object } = generation;
  // The store releases a draft that it does not take, before the flight and the hasher retain it.
  draft.file.retain();
  try {
    const held = generation.isEphemeral
      ? null
      : await services.chunks.commit(object, draft, record);
    // The generation may have been detached during the commit: its readers have these bytes, so
    // their ids must be kept.
    if (held === null || generation.isDetached) generation.noteUnrecorded(record);
    flight.publish(lengthBytes);
    generation.filled(flight, held !== null, lengthBytes);
    flight.filled(held);
  } finally {
    draft.file.release();
  }
}

/**
 * Records that the flight's draft is in memory now, because the disk failed under the worker.
 * `diskFailure` is the errno; `null` without a failure.
 */
export function moveDraft(flight: Flight | undefined, diskFailure: string | null): void {
  if (diskFailure === null || flight?.state.kind !== 'receiving') return;
  const { draft } = flight.state;
  if (draft.placement === 'disk') draft.movedToMemory(diskFailure);
}
