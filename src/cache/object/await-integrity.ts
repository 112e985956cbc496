/**
 * What a reader does with a chunk that its generation withholds: it sees to it that what the check
 * of the digest needs is fetched, and waits for the outcome. Called by Generation, whose check it
 * makes.
 */
import { within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { ChunkView, Flight } from '../flight/flight.js';
import { Integrity } from '../integrity/integrity.js';
import type { IntegrityState } from '../integrity/integrity-state.js';
import type { LiveObject } from '../fill/live-object.js';
import { boundOf, type FetchContext } from '../flight/fetch-context.js';

/**
 * Resolves to a view if the check passed and the chunk is available, else to `undefined` when the
 * caller should look at the chunk again. Rejects with a `ForebayError` if the check cannot be made,
 * or with the error of a fill that it needed.
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
    // Without a length no chunk is known to complete the object: all of them wait for its end.
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
    // The check may lack other chunks too: some were dropped as corrupt, or failed after their
    // release.
    const driven = generation.drive(fetchContext).then(() => settled);
    const ends: Promise<IntegrityState | ForebayError | undefined>[] = [settled, driven];
    if (flight !== undefined) ends.push(failureOf(flight));
    const end = await within(Promise.race(ends), bound);
    if (end instanceof ForebayError) throw end;
    // An unstored chunk is dropped without a reader: taken now, it is not fetched again.
    return end?.kind === 'attested' ? flight?.view() : undefined;
  } finally {
    leave?.();
  }
}

/**
 * The flight that brings the chunk; `undefined` if the chunk is held or the stream has not reached
 * it.
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
 * Resolves to the error if the flight fails for good, to `undefined` if another reader may lead it
 * (its leader was redirected, say); else never settles.
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

/**
 * The check of a generation's object, against the digest claimed for it once its length is known.
 */
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
