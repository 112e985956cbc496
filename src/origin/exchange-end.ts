/** How one request on one connection ended: what both clients' exchanges report to their client. */
import { ForebayError } from '../model/errors.js';
import type { FetchOutcome } from '../model/fetch.js';

export type ExchangeEnd =
  | { readonly kind: 'outcome'; readonly outcome: FetchOutcome; readonly keepConnection: boolean }
  /** `untouched`: not one byte of a response had come, as on a kept connection gone stale. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly untouched: boolean };

/**
 * True when the connection went away before the first byte of an answer. On a kept connection that
 * is the origin's idle timer meeting our request, and the request is made once more on a new one
 * (RFC 9112 section 9.3.1).
 */
export function isStale(end: ExchangeEnd): boolean {
  if (end.kind !== 'failed' || !end.untouched) return false;
  return end.error instanceof ForebayError && end.error.code === 'origin-reset';
}
