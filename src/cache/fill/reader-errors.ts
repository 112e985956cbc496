/** The errors of readers whose object was replaced or purged, or whose cache is closing. */
import { ForebayError } from '../../model/errors.js';

/** Returns the error of a reader whose object the origin has replaced. */
export function changed(): ForebayError {
  return new ForebayError('origin-changed', 'the representation changed at the origin', {
    source: 'origin',
    retryable: true,
  });
}

/** Returns the error of a reader whose object an operator has purged. */
export function purged(): ForebayError {
  return new ForebayError('purged', 'the object was purged while it was read', {
    source: 'internal',
    retryable: true,
  });
}

/** Returns the error of a request that arrives while the cache closes. */
export function closing(): ForebayError {
  return new ForebayError('cancelled', 'the cache is being closed', {
    source: 'internal',
    retryable: false,
  });
}
