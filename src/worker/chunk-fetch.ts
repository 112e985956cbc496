/**
 * Fetches the bytes that a chunk's writer lacks: from its position to the chunk's end, and then, if
 * it began further on, from the chunk's beginning to there. Two ranges at most, one after the other
 * on one lane. Used by fill-chunk for a whole fill and by open for the rest of the first fetch's
 * chunk.
 */
import type { ChunkWriter } from './chunk-writer.js';
import { type FetchSession, fetchRange, type RangeJob, type RangeOutcome } from './range-fetch.js';

/** Never rejects. `delivered`: the writer is full. */
export async function fetchChunk(
  job: Omit<RangeJob, 'end'>,
  writer: ChunkWriter,
  session: FetchSession,
): Promise<RangeOutcome> {
  // What broke a part off after its last byte took nothing away.
  const brokenBy = writer.offset < writer.partEnd ? job.brokenBy : null;
  const first = await fetchRange({ ...job, brokenBy, end: writer.partEnd }, writer, session);
  if (first.kind !== 'delivered' || writer.full) return first;
  writer.goRound();
  return fetchRange({ ...job, brokenBy: null, end: writer.partEnd }, writer, session);
}
