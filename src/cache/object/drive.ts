/**
 * Fetches every chunk of an object, for checks that must see it whole before anything of it is
 * released (strict integrity, and the one refetch after a mismatch).
 */
import { NEVER } from '../../model/deferred.js';
import type { LiveObject } from '../fill/live-object.js';
import type { Flight } from '../flight/flight.js';
import { MAX_ROUNDS } from '../flight/leaders.js';
import { readAheadChunks } from '../flight/read-ahead-limit.js';
import type { FetchContext } from '../flight/fetch-context.js';

/**
 * Resolves when every chunk is held or was handed to the hasher; rejects when one cannot be had.
 */
export async function driveAll(generation: LiveObject, fetchContext: FetchContext): Promise<void> {
  const { services } = generation;
  const running: Flight[] = [];
  // The first asker may leave: the check goes on for the next one.
  const patient: FetchContext = {
    ...fetchContext,
    priority: 'demand',
    signal: NEVER,
  };
  // A fill may find out on the way that there are no ranges to be had: the rest comes with a stream
  // then.
  for (let index = 0; index < generation.endIndex && !generation.isStreaming; index += 1) {
    if (generation.endReason !== undefined) return;
    const flight = generation.flight(index);
    if (flight === undefined && !isWanted(generation, index)) continue;
    running.push(flight ?? generation.lead(index, patient));
    const width = Math.max(1, readAheadChunks(services, fetchContext.source.upstream));
    while (running.length >= width) await landed(generation, running.shift(), patient);
  }
  for (const flight of running) await landed(generation, flight, patient);
  if (generation.isStreaming && generation.endReason === undefined)
    await driveStream(generation, patient);
}

/** One stream brings the whole object; chunks that it missed are left to the next run. */
async function driveStream(generation: LiveObject, fetchContext: FetchContext): Promise<void> {
  if (!lacksAny(generation)) return;
  if (generation.intake === undefined) await generation.awaitStream(0, fetchContext);
  generation.intake?.demand(Infinity);
  const error = await generation.intake?.whenEnded;
  if (error !== undefined) throw error;
}

function lacksAny(generation: LiveObject): boolean {
  for (let index = 0; index < generation.endIndex; index += 1) {
    if (isWanted(generation, index)) return true;
  }
  return false;
}

/** True if the check has not seen the chunk yet, and no flight brings it. */
function isWanted(generation: LiveObject, index: number): boolean {
  return !generation.isHeld(index) && !generation.integrity.isDoneWith(index);
}

/** Waits for a flight, and leads again where its leader failed for a reason of its own. */
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
    if (!isWanted(generation, index)) return;
    flight = generation.flight(index) ?? generation.lead(index, fetchContext);
  }
}
