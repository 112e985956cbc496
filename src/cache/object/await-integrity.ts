/**
 * Waits, for a reader, until the digest check of an object releases a chunk that it withholds, and
 * fetches the chunks that the check lacks. Called by find-chunk. Also makes the check of a
 * Generation.
 */
import { within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { ChunkView, Flight } from '../flight/flight.js';
import { Integrity } from '../integrity/integrity.js';
import type { IntegrityState } from '../integrity/integrity-state.js';
import type { LiveObject } from '../fill/live-object.js';
import { boundOf, type FetchContext } from '../flight/fetch-context.js';

/**
 * Resolves to a view of the chunk if the check has passed and the chunk's flight is still there.
 * Resolves to `undefined` when the caller should look for the chunk again. Rejects with a
 * `ForebayError` when the check cannot be made, or with the error of a fill that it needed.
 */
export async function awaitIntegrity(
  generation: LiveObject,
  index: number,
  fetchContext: FetchContext,
): Promise<ChunkView | undefined> {
  const { services, integrity, intake } = generation;
  const bound = boundOf(services, fetchContext.signal);
  if (integrity.state.kind === 'given-up') throw unverifiable();
  if (generation.lengthBytes === null) {
    // Without a length the chunk that completes the object is unknown: all chunks wait for its end.
    intake?.demand(Infinity);
    await within(intake?.whenEnded ?? Promise.resolve(undefined), bound);
    return undefined;
  }
  const { whenSettled: settled } = integrity;
  const flight = integrity.strict
    ? undefined
    : await completingFlight(generation, index, fetchContext);
  const leave = flight?.addWaiter();
  try {
    // The check may lack other chunks too: those dropped as corrupt, or failed after their release.
    const driven = generation.drive(fetchContext).then(() => settled);
    const ends: Promise<IntegrityState | ForebayError | undefined>[] = [settled, driven];
    if (flight !== undefined) ends.push(failureOf(flight));
    const end = await within(Promise.race(ends), bound);
    if (end instanceof ForebayError) throw end;
    // An unstored chunk is gone once it has no waiter: a view taken now saves a second fetch.
    return end?.kind === 'attested' ? flight?.view() : undefined;
  } finally {
    leave?.();
  }
}

/**
 * Finds or starts the flight that brings the chunk. Resolves to `undefined` when the chunk is held,
 * or when the stream has no flight for it.
 */
async function completingFlight(
  generation: LiveObject,
  index: number,
  fetchContext: FetchContext,
): Promise<Flight | undefined> {
  const flight = generation.flight(index);
  if (flight !== undefined || generation.isHeld(index)) return flight;
  if (!generation.isStreaming) return generation.lead(index, fetchContext);
  await generation.awaitStream(index, fetchContext);
  return generation.flight(index);
}

/**
 * Resolves to the error if the flight fails for good, and to `undefined` if another request may
 * lead it again (its leader was redirected, for example). Never settles if the flight succeeds.
 */
async function failureOf(flight: Flight): Promise<ForebayError | undefined> {
  const end = await flight.whenEnded;
  if (end.kind === 'leader-failed' && end.error.retryable) return undefined;
  if (end.kind === 'failed' || end.kind === 'leader-failed') return end.error;
  return new Promise(() => undefined);
}

function unverifiable(): ForebayError {
  return new ForebayError('no-space', 'the object cannot be checked within the capacity', {
    source: 'internal',
    retryable: false,
  });
}

/** Makes the check of a generation's object. It checks nothing before the length is known. */
export function integrityOf(generation: LiveObject, strict: boolean): Integrity {
  const { services, object, endIndex } = generation;
  const unknown = endIndex === Infinity;
  return new Integrity({
    services,
    object,
    isHeld: (index) => generation.isHeld(index),
    idOf: (index) => generation.idsOf(index)?.id,
    digest: unknown ? null : object.identity.digest,
    chunkCount: unknown ? 0 : endIndex,
    strict,
  });
}
