/**
 * Chooses the target and the validator for the fill of a known object, and handles a redirect or a
 * refusal in answer. Used by cache/fill/fill.
 */
import { ForebayError } from '../../model/errors.js';
import type { FetchUrl, OriginHead } from '../../model/fetch.js';
import type { Validator } from '../../model/validator.js';
import { receivedNow } from '../../model/steady-time.js';
import { isRedirect } from '../../origin/redirect.js';
import type { Flight } from '../flight/flight.js';
import type { LiveObject } from './live-object.js';
import type { FetchContext } from '../flight/fetch-context.js';

export interface FillAim {
  readonly target: FetchUrl;
  /** The validator that the response must have to be a part of the object. */
  readonly validator: Validator;
  /** False when the target is not the place where the object was found. */
  readonly isThere: boolean;
  /** Ms since the epoch. */
  readonly startedAtMs: number;
}

/**
 * Targets the place where the object was found, else its URI. Bytes from elsewhere are not joined
 * to an object that was found behind a redirect, because an equal validator of another resource
 * means nothing. The URI is still a useful target then: it may redirect to that place.
 */
export function aimFill(
  { services, object }: LiveObject,
  { source }: FetchContext,
  traceparent: string | undefined,
): FillAim {
  const { place, validator } = object.identity;
  const target = source.target(place, traceparent);
  const isThere = place === undefined || source.isAt(target, place);
  const startedAtMs = services.clock.now();
  return { target, validator: isThere ? validator : { kind: 'none' }, isThere, startedAtMs };
}

/**
 * Handles a redirect or a refusal in the middle of an object: fails the flight, so that its leader
 * requests the chunk from another location, or gives up.
 */
export function resolveAgain(
  { services, object }: LiveObject,
  flight: Flight,
  { source }: FetchContext,
  { target, startedAtMs }: FillAim,
  head: OriginHead,
): void {
  if (isRedirect(head.status)) {
    source.redirected(target, head, receivedNow(services.clock, startedAtMs));
    flight.fail({ kind: 'leader-failed', error: denied(head, true) });
    return;
  }
  const again = source.refused(target, object.identity.place);
  flight.fail({ kind: 'leader-failed', error: denied(head, again) });
}

function denied(head: OriginHead, retryable: boolean): ForebayError {
  return new ForebayError('origin-denied', `the origin answered ${String(head.status)}`, {
    source: 'origin',
    retryable,
    originStatus: head.status,
  });
}
