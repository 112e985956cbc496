/**
 * What happens to a chunk that a worker has written: cache/fill/fill and cache/fill/intake land it
 * here.
 */
import type { WrittenChunk } from '../../compute/protocol.js';
import { parseChunkId } from '../../model/ids.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';

/** Commits what a worker wrote for `flight` and ends the flight well. */
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
  // The store may decline the draft and release it: the flight and the hasher retain it first.
  draft.file.retain();
  try {
    const held = generation.isEphemeral
      ? null
      : await services.chunks.commit(object, draft, record);
    // It may have been detached while this was committed: what readers have must be known all the
    // same.
    if (held === null || generation.isDetached) generation.noteUnrecorded(record);
    flight.publish(lengthBytes);
    generation.filled(flight, held !== null, lengthBytes);
    flight.filled(held);
  } finally {
    draft.file.release();
  }
}

/** After a disk failure the draft lives in memory: moves it there, so that the worker can go on. */
export function moveDraft(flight: Flight | undefined, diskFailure: string | null): void {
  if (diskFailure === null || flight?.state.kind !== 'receiving') return;
  const { draft } = flight.state;
  if (draft.placement === 'disk') draft.movedToMemory(diskFailure);
}
