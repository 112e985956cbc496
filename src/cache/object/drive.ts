/**
 * Fetches every chunk of an object for an integrity check that needs the whole object: strict
 * integrity, the one refetch after a mismatch, or a reader that waits for a withheld chunk. Called
 * by Generation.
 */
import { NEVER } from '../../model/deferred.js';
import type { LiveObject } from '../fill/live-object.js';
import type { Flight } from '../flight/flight.js';
import { MAX_ROUNDS } from '../flight/leaders.js';
import { readAheadChunks } from '../flight/read-ahead-limit.js';
import type { FetchContext } from '../flight/fetch-context.js';

/**
 * Resolves when every chunk is held or was handed to the hasher. Rejects with the `ForebayError` of
 * a chunk that cannot be fetched.
 */
export async function driveAll(generation: LiveObject, fetchContext: FetchContext): Promise<void> {
  const { services } = generation;
  const running: Flight[] = [];
  // The first client may leave: the check goes on for the next one.
  const patient: FetchContext = {
    ...fetchContext,
    priority: 'demand',
    signal: NEVER,
  };
  // A fill may find that the origin serves no ranges: a stream then brings the rest.
  for (let index = 0; index < generation.endIndex && !generation.isStreaming; index += 1) {
    if (generation.endReason !== undefined) return;
    const flight = generation.flight(index);
    if (flight === undefined && !isMissing(generation, index)) continue;
    running.push(flight ?? generation.lead(index, patient));
    const width = Math.max(1, readAheadChunks(services, fetchContext.source.upstream));
    while (running.length >= width) await landed(generation, running.shift(), patient);
  }
  for (const flight of running) await landed(generation, flight, patient);
  if (generation.isStreaming && generation.endReason === undefined)
    await driveStream(generation, patient);
}

/** Fetches the object by one stream. The next run fetches what this stream did not bring. */
async function driveStream(generation: LiveObject, fetchContext: FetchContext): Promise<void> {
  if (!lacksAny(generation)) return;
  if (generation.intake === undefined) await generation.awaitStream(0, fetchContext);
  generation.intake?.demand(Infinity);
  const error = await generation.intake?.whenEnded;
  if (error !== undefined) throw error;
}

function lacksAny(generation: LiveObject): boolean {
  for (let index = 0; index < generation.endIndex; index += 1) {
    if (isMissing(generation, index)) return true;
  }
  return false;
}

/** True when the check has not seen the chunk yet, and the store does not hold it. */
function isMissing(generation: LiveObject, index: number): boolean {
  return !generation.isHeld(index) && !generation.integrity.isDoneWith(index);
}

/** Waits for a flight, and leads it again if the failure concerned its leader alone. */
async function landed(
  generation: LiveObject,
  first: Flight | undefined,
  fetchContext: FetchContext,
): Promise<void> {
  let flight = first;
  for (let round = 1; flight !== undefined; round += 1) {
    const { index } = flight;
    const end = await flight.whenEnded;
    if (end.kind === 'failed') throw end.error;
    if (end.kind !== 'leader-failed') return;
    if (!end.error.retryable || round === MAX_ROUNDS) throw end.error;
    if (generation.endReason !== undefined || generation.isStreaming) return;
    if (!isMissing(generation, index)) return;
    flight = generation.flight(index) ?? generation.lead(index, fetchContext);
  }
}
