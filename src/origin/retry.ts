/**
 * Decides whether and when to retry a request. Pure; used by the workers' retry loops and by the
 * cache. The caller does the waiting, on its own clock.
 */
import { ForebayError } from '../model/errors.js';
import type { FetchLimits, OriginHead } from '../model/fetch.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { Random } from '../model/time.js';
import { requestedWaitMs, waitFields } from './requested-wait.js';

/** The largest exponent: every cap is reached long before. */
const MAX_EXPONENT = 30;

/** Longest error field of an origin that an error carries: errors are copied between threads. */
const MAX_FIELD_LENGTH = 1024;

/** The waits of `FetchLimits`. */
export type RetryLimits = Pick<FetchLimits, 'retryBaseMs' | 'retryCapMs' | 'retryAfterCapMs'>;

/**
 * Returns the wait before a retry in ms, with full jitter: a random time in `[0, min(cap, base *
 * 2^attempt))`, `attempt` counted from 0. The origin's Retry-After (ms) is a lower bound, itself
 * capped by `retryAfterCapMs`.
 */
export function retryDelayMs(
  attempt: number,
  limits: RetryLimits,
  random: Random,
  retryAfterMs?: number,
): number {
  const exponent = Math.min(Math.max(attempt, 0), MAX_EXPONENT);
  const jitter = random() * Math.min(limits.retryCapMs, limits.retryBaseMs * 2 ** exponent);
  return Math.max(jitter, Math.min(retryAfterMs ?? 0, limits.retryAfterCapMs));
}

/** Statuses after which the same GET may succeed. 401 and 403 are never among them. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** True when an idempotent request that got this status or this failure may be repeated. */
export function isRetryable(failure: number | ForebayError): boolean {
  return typeof failure === 'number' ? RETRYABLE_STATUSES.has(failure) : failure.retryable;
}

/**
 * True when Forebay should retry after a wait. A requested wait beyond the cap is left to the
 * client, and no retry that must fail is sent before its end.
 */
export function isWorthRetrying(
  failure: ForebayError,
  { retryAfterCapMs }: Pick<FetchLimits, 'retryAfterCapMs'>,
): boolean {
  return isRetryable(failure) && (failure.retryAfterMs ?? 0) <= retryAfterCapMs;
}

/** The Cache-Control directives that give an explicit lifetime. */
const LIFETIME = /(?:^|[\s,])(?:s-maxage|max-age)=/i;

/**
 * True for a response with a validator or a lifetime. Its author meant it to be cached, so it is
 * the final response to the request, whatever its status, and not a transient fault.
 */
export function isDeliberate(headers: HeaderMap): boolean {
  return (
    ['etag', 'last-modified', 'expires'].some((name) => headers[name] !== undefined) ||
    LIFETIME.test(headerValue(headers, 'cache-control') ?? '')
  );
}

/**
 * Returns the error for a response that is not used as content: `origin-denied` for 401 and 403,
 * else `origin-status`. It carries the status and the requested wait. `nowMs` is ms since the
 * epoch.
 */
export function statusError(head: OriginHead, nowMs: number): ForebayError {
  const denied = head.status === 401 || head.status === 403;
  const retryAfterMs = requestedWaitMs(head, nowMs);
  return new ForebayError(
    denied ? 'origin-denied' : 'origin-status',
    `the origin answered ${String(head.status)}`,
    {
      source: 'origin',
      retryable: isRetryable(head.status),
      originStatus: head.status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(head.status === 429 && { originFields: waitFieldsOf(head.headers) }),
    },
  );
}

/** Returns the fields of a 429 that clients read: the wait, the limits and the reason. */
function waitFieldsOf(headers: HeaderMap): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(waitFields(headers))) fields[name] = String(value);
  for (const name of ['x-error-code', 'x-error-message']) {
    const value = headerValue(headers, name);
    if (value !== undefined && value.length <= MAX_FIELD_LENGTH) fields[name] = value;
  }
  return fields;
}
