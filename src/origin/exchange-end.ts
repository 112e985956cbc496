/** How one request on one connection ended: what an exchange reports to its client. */
import { ForebayError } from '../model/errors.js';
import type { FetchOutcome } from '../model/fetch.js';

export type ExchangeEnd =
  | { readonly kind: 'outcome'; readonly outcome: FetchOutcome; readonly keepConnection: boolean }
  /** `untouched`: no byte of a response had arrived, as on a kept connection gone stale. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly untouched: boolean };

/**
 * True when the connection was closed before the first byte of a response. On a kept connection the
 * origin's idle timer ran out while the request was under way; the client repeats the request on a
 * new connection (RFC 9112 section 9.3.1).
 */
export function isStale(end: ExchangeEnd): boolean {
  if (end.kind !== 'failed' || !end.untouched) return false;
  return end.error instanceof ForebayError && end.error.code === 'origin-reset';
}
