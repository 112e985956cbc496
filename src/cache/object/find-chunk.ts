/**
 * Finds a view of one chunk for one reader: in flight, held, brought by a stream, or fetched now.
 * Called by Generation.open, which passes its flights and its held reads.
 */
import type { ForebayError } from '../../model/errors.js';
import { awaitIntegrity } from './await-integrity.js';
import type { Permit } from '../flight/client-quota.js';
import { changed } from '../fill/reader-errors.js';
import type { ChunkView, Flight } from '../flight/flight.js';
import type { Flights } from '../flight/flights.js';
import type { HeldReads } from './held-reads.js';
import { MAX_ROUNDS, noLeader, refusedLeader, throwUnlessRetryable } from '../flight/leaders.js';
import type { LiveObject } from '../fill/live-object.js';
import { boundOf, type FetchContext } from '../flight/fetch-context.js';

/** The part of a generation that `findChunk` uses. */
export interface Searched extends LiveObject {
  /** The error of every further `open`; `undefined` while the generation has not ended. */
  readonly endError: ForebayError | undefined;
  /** True when chunk `index` may not be released before the digest check has passed. */
  withholds(index: number): boolean;
}

/**
 * Resolves to a view of chunk `index`, or to `undefined` if `index` is past the end of the object.
 * Rejects with a `ForebayError` when the chunk cannot be read or fetched.
 */
export async function findChunk(
  generation: Searched,
  parts: { readonly flights: Flights; readonly held: HeldReads },
  index: number,
  fetchContext: FetchContext,
  permit?: Permit,
): Promise<ChunkView | undefined> {
  const { flights, held } = parts;
  let led: Flight | undefined;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (generation.endError !== undefined) throw generation.endError;
    if (!generation.admits(fetchContext)) throw changed();
    if (index >= generation.endIndex) return undefined;
    generation.intake?.demand(index);
    if (generation.withholds(index)) {
      const passed = await awaitIntegrity(generation, index, fetchContext);
      if (passed !== undefined) return passed;
      continue;
    }
    const flight = flights.usable(index);
    if (flight !== undefined) {
      const view = await flights.join(flight, fetchContext, flight === led);
      if (view !== undefined) return view;
      if (flight === led) throwUnlessRetryable(flight);
      continue;
    }
    const found = generation.isEphemeral
      ? undefined
      : await held.open(generation.object, index, fetchContext.from);
    if (found !== undefined) return found;
    // Another reader may have led a flight meanwhile: the next round joins it.
    if (flights.usable(index) !== undefined || generation.endReason !== undefined) continue;
    // A request that the origin refused leads no flight: its followers would fail with it. While
    // the body of the refusal still arrives, the reader waits for its end as for any other body.
    if (fetchContext.source.isRefused && generation.intake === undefined) throw refusedLeader();
    if (generation.isStreaming) await generation.awaitStream(index, fetchContext);
    // After waiting for a permit the next round looks again: another reader may have led meanwhile.
    else if (permit?.tryAcquire() === false)
      await permit.wait(fetchContext.priority, boundOf(generation.services, fetchContext.signal));
    else {
      led = generation.lead(index, fetchContext);
      permit?.keepUntil(led.whenEnded);
      // A flight that an open breaker has ended already would not be found by the next round, which
      // would then lead another one.
      throwUnlessRetryable(led);
    }
  }
  throw noLeader();
}
