/** Errors of a reader whose chunk's leader failed. Used by cache/object/find-chunk. */
import { ForebayError } from '../../model/errors.js';
import type { Flight } from './flight.js';

/**
 * Attempts of one reader at a chunk whose leaders fail for reasons of their own. Each attempt leads
 * or joins another flight, so a few are plenty; more would only hide a livelock.
 */
export const MAX_ROUNDS = 8;

/** Throws the error of `flight`, which the caller led, if leading again would fail the same way. */
export function throwUnlessRetryable(flight: Flight): void {
  const { state } = flight;
  if (state.kind !== 'ended') return;
  if (state.end.kind === 'failed') throw state.end.error;
  if (state.end.kind === 'leader-failed' && !state.end.error.retryable) throw state.end.error;
}

/** The error when the origin refused this request's own credentials. */
export function refusedLeader(): ForebayError {
  return new ForebayError('origin-denied', 'the origin refused this request', {
    source: 'origin',
    retryable: false,
  });
}

/** The error after `MAX_ROUNDS` attempts whose leaders all failed. */
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
