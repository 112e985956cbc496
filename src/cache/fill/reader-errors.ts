/**
 * The errors of readers whose object is not to be had any more: it was replaced, taken out, or
 * closed.
 */
import { ForebayError } from '../../model/errors.js';

/** The error of a reader whose object the origin has replaced. */
export function changed(): ForebayError {
  return new ForebayError('origin-changed', 'the representation changed at the origin', {
    source: 'origin',
    retryable: true,
  });
}

/** The error of a reader whose object an operator has purged. */
export function purged(): ForebayError {
  return new ForebayError('purged', 'the object was purged while it was read', {
    source: 'internal',
    retryable: true,
  });
}

/** The error of a request that comes while the cache closes. */
export function closing(): ForebayError {
  return new ForebayError('cancelled', 'the cache is being closed', {
    source: 'internal',
    retryable: false,
  });
}
