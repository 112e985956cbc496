/**
 * Fetches the bytes that a chunk's writer still lacks: from its offset to the chunk's end and, if
 * it did not start at the chunk's beginning, from there to its start. These are two ranges at most,
 * one after the other on one lane. Used by fill-chunk for a whole fill, and by open-body for the
 * rest of the first fetch's chunk.
 */
import type { ChunkWriter } from './chunk-writer.js';
import { type FetchSession, fetchRange, type RangeJob, type RangeOutcome } from './range-fetch.js';

/** Fetches the missing ranges. Never rejects. On `delivered` the writer is full. */
export async function fetchChunk(
  job: Omit<RangeJob, 'end'>,
  writer: ChunkWriter,
  session: FetchSession,
): Promise<RangeOutcome> {
  // A connection that broke after the last byte of this part lost nothing.
  const brokenBy = writer.offset < writer.partEnd ? job.brokenBy : null;
  const first = await fetchRange({ ...job, brokenBy, end: writer.partEnd }, writer, session);
  if (first.kind !== 'delivered' || writer.full) return first;
  writer.goRound();
  return fetchRange({ ...job, brokenBy: null, end: writer.partEnd }, writer, session);
}
