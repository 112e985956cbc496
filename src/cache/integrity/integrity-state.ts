/** The state of an object's digest check, and the error of a failed one. */
import { ForebayError } from '../../model/errors.js';

export type IntegrityState =
  /** No digest is claimed for this object. */
  | { readonly kind: 'unclaimed' }
  /** A digest is claimed and being checked. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'attested' }
  | { readonly kind: 'mismatch' }
  /**
   * The check does not fit in the capacity, or hashing failed: the object is served as if nothing
   * were claimed, or not at all if strict.
   */
  | { readonly kind: 'given-up' };

/**
 * Returns the error of readers of an object that does not match its claimed digest. `again`: one
 * refetch, checked before it is released, may still succeed.
 */
export function digestMismatch(again: boolean): ForebayError {
  return new ForebayError('origin-corrupt', 'the bytes do not match the digest claimed for them', {
    source: 'origin',
    retryable: again,
  });
}
