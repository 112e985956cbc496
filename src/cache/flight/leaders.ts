/** What a reader concludes when the leader of a chunk's fill failed. Used by Generation.open. */
import { ForebayError } from '../../model/errors.js';
import type { Flight } from './flight.js';

/**
 * How often one reader may find that a chunk's leader failed for reasons of the leader's own. In
 * each round it leads or follows another one, so a few are enough; more would hide a livelock.
 */
export const MAX_ROUNDS = 8;

/** For who led `flight` itself: throws what ended it, if leading again would end the same way. */
export function throwUnlessRetryable(flight: Flight): void {
  const { state } = flight;
  if (state.kind !== 'ended') return;
  if (state.end.kind === 'failed') throw state.end.error;
  if (state.end.kind === 'leader-failed' && !state.end.error.retryable) throw state.end.error;
}

/** The origin refused this request's own credentials. */
export function refusedLeader(): ForebayError {
  return new ForebayError('origin-denied', 'the origin refused this request', {
    source: 'origin',
    retryable: false,
  });
}

/** Every round found the leader gone. */
export function noLeader(): ForebayError {
  return new ForebayError(
    'overload',
    `gave up after ${String(MAX_ROUNDS)} attempts: every fetch of this chunk was abandoned`,
    {
      source: 'internal',
      retryable: true,
    },
  );
}
