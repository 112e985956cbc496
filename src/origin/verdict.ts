/**
 * What an outcome means for an origin's health: for its breaker, and for its number of connections.
 * Pure.
 */
import type { ErrorCode } from '../model/errors.js';
import type { BreakerVerdict } from './breaker.js';
import { type RateLimitedHead, requestedWaitMs } from './requested-wait.js';

/** Codes that mean that the origin is unreachable, for any URL. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set([
  'origin-connect',
  'origin-dns',
  'origin-tls',
  'origin-proxy',
  'origin-timeout',
] as const);

/** Codes of an exchange that broke: it may be all of the origin, or one URL of it. */
const BROKEN: ReadonlySet<ErrorCode> = new Set(['origin-reset', 'origin-protocol'] as const);

/** A status that speaks of load or outage. A plain 500 may be one broken URL: it is not counted. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** True if the origin could not be reached: the cache is disconnected (RFC 9111 section 4.2.4). */
export function isDisconnected({ code }: { readonly code: ErrorCode }): boolean {
  return UNREACHABLE.has(code) || BROKEN.has(code) || code === 'origin-busy';
}

/** How a fetch that ended with this error, after its retries, counts. */
export function verdictOfError(error: {
  readonly code: ErrorCode;
  readonly originStatus?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}): BreakerVerdict {
  if (error.originStatus === 429 && error.retryAfterMs !== undefined) return 'abandoned';
  if (UNREACHABLE.has(error.code)) return 'unreachable';
  if (BROKEN.has(error.code)) return 'failure';
  return verdictOfStatus(error.originStatus, 'abandoned');
}

/**
 * How a final head counts. A 429 with a wait comes from a healthy origin: it limits one client, and
 * is no reason to refuse all others.
 */
export function verdictOfHead(head: RateLimitedHead, otherwise: BreakerVerdict): BreakerVerdict {
  if (head.status === 429 && requestedWaitMs(head, 0) !== undefined) return otherwise;
  return verdictOfStatus(head.status, otherwise);
}

/** How a final status counts; `otherwise` if it is not about load. */
export function verdictOfStatus(
  status: number | undefined,
  otherwise: BreakerVerdict,
): BreakerVerdict {
  return status !== undefined && OVERLOADED.has(status) ? 'failure' : otherwise;
}
