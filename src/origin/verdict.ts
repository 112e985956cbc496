/**
 * Judges an origin's health by the outcome of a fetch, for its breaker and for the number of its
 * connections. Pure.
 */
import type { ErrorCode } from '../model/errors.js';
import type { BreakerVerdict } from './breaker.js';
import { type RateLimitedHead, requestedWaitMs } from './requested-wait.js';

/** Codes that mean the origin cannot be reached for any URL. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set([
  'origin-connect',
  'origin-dns',
  'origin-tls',
  'origin-proxy',
  'origin-timeout',
] as const);

/** Codes of an exchange that broke: all URLs of the origin may be affected, or only this one. */
const BROKEN: ReadonlySet<ErrorCode> = new Set(['origin-reset', 'origin-protocol'] as const);

/** Statuses of overload or outage. A 500 is not among them: it may be one broken URL. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * True when the origin gave no response: the cache is then disconnected from it (RFC 9111 section
 * 4.2.4).
 */
export function isDisconnected({ code }: { readonly code: ErrorCode }): boolean {
  return UNREACHABLE.has(code) || BROKEN.has(code) || code === 'origin-busy';
}

/** Returns the verdict on a fetch that ended with this error after its retries. */
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
 * Returns the verdict on a final head. A 429 with a requested wait comes from a healthy origin that
 * limits one client; it is no reason to refuse requests of all clients.
 */
export function verdictOfHead(head: RateLimitedHead, otherwise: BreakerVerdict): BreakerVerdict {
  if (head.status === 429 && requestedWaitMs(head, 0) !== undefined) return otherwise;
  return verdictOfStatus(head.status, otherwise);
}

/** Returns the verdict on a final status; `otherwise` where it means no overload or outage. */
export function verdictOfStatus(
  status: number | undefined,
  otherwise: BreakerVerdict,
): BreakerVerdict {
  return status !== undefined && OVERLOADED.has(status) ? 'failure' : otherwise;
}
