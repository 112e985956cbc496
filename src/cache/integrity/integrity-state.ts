/** How far the check of an object's digest is, and the error of one that failed. */
import { ForebayError } from '../../model/errors.js';

export type IntegrityState =
  /** Nothing is claimed of this object. */
  | { readonly kind: 'unclaimed' }
  /** Claimed, and being checked. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'attested' }
  | { readonly kind: 'mismatch' }
  /** The check cannot be completed within the capacity: served as if nothing were claimed. */
  | { readonly kind: 'given-up' };

/**
 * The error of a reader whose bytes did not match the claimed digest. `again`: one refetch, checked
 * before it is released, may succeed.
 */
export function digestMismatch(again: boolean): ForebayError {
  return new ForebayError('origin-corrupt', 'the bytes do not match the digest claimed for them', {
    source: 'origin',
    retryable: again,
  });
}
