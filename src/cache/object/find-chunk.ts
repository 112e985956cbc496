/**
 * Finds a view of one chunk for one reader: in flight, held, brought by a stream, or fetched now.
 * What a generation has of each it hands in; called by Generation.open.
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

/** A generation as a search in it sees it. */
export interface Searched extends LiveObject {
  /** Why no chunk of it may be opened any more. */
  readonly endError: ForebayError | undefined;
  withholds(index: number): boolean;
}

/**
 * `undefined` past the end of an object whose length was not known. Rejects with a `ForebayError`
 * when the chunk cannot be had.
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
    // Another reader may have led while we looked: the flight it left is ours to join.
    if (flights.usable(index) !== undefined || generation.endReason !== undefined) continue;
    // A leader that was refused leads no more: it would take its followers with it again. What the
    // refusal itself brings is still arriving, and its end is to be waited for like any other's.
    if (fetchContext.source.isRefused && generation.intake === undefined) throw refusedLeader();
    if (generation.isStreaming) await generation.awaitStream(index, fetchContext);
    // Who waited for a place looks again: another may have led meanwhile.
    else if (permit?.tryAcquire() === false)
      await permit.wait(fetchContext.priority, boundOf(generation.services, fetchContext.signal));
    else {
      led = generation.lead(index, fetchContext);
      permit?.keepUntil(led.whenEnded);
      // A flight that an open breaker ended at once is not found again: the next round would lead
      // again.
      throwUnlessRetryable(led);
    }
  }
  throw noLeader();
}
