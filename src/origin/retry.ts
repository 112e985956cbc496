/**
 * Whether and when to try again: pure arithmetic that the workers' retry loops and the resolver
 * share. Nothing here waits; the caller does, on its own clock.
 */
import { ForebayError } from '../model/errors.js';
import type { FetchLimits, OriginHead } from '../model/fetch.js';
import { isDigits, trimOws } from '../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { parseHttpDate } from '../model/http-date.js';
import type { Random } from '../model/time.js';

/** Exponents beyond this overflow nothing but help nobody: every cap is reached long before. */
const MAX_EXPONENT = 30;

/** The waits of `FetchLimits`. */
export type RetryLimits = Pick<FetchLimits, 'retryBaseMs' | 'retryCapMs' | 'retryAfterCapMs'>;

/**
 * Full jitter: a random time in `[0, min(cap, base * 2^attempt))`, in ms. `attempt` counts from 0.
 * A Retry-After of the origin (ms) is a floor, itself capped by `retryAfterCapMs`.
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

/**
 * Reads Retry-After (RFC 9110 section 10.2.3): seconds or a date. Returns ms from `nowMs` (epoch),
 * never negative and never above `capMs`; `undefined` when the value is neither.
 */
export function parseRetryAfter(value: string, nowMs: number, capMs: number): number | undefined {
  const text = trimOws(value);
  if (isDigits(text)) return Math.min(Number(text) * 1000, capMs);
  const date = parseHttpDate(text, nowMs);
  if (date === undefined) return undefined;
  return Math.min(Math.max(date - nowMs, 0), capMs);
}

/** Statuses after which the same GET may succeed. 401 and 403 are never among them. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** True when an idempotent request that got this status or this failure may be made again. */
export function isRetryable(failure: number | ForebayError): boolean {
  return typeof failure === 'number' ? RETRYABLE_STATUSES.has(failure) : failure.retryable;
}

/** A lifetime that the response itself gives. */
const LIFETIME = /(?:^|[\s,])(?:s-maxage|max-age)=/i;

/**
 * True for a response with a validator or a lifetime: whoever made it means it to be kept, so it is
 * the answer to the request, whatever its status, and not a fault that passes.
 */
export function isDeliberate(headers: HeaderMap): boolean {
  return (
    ['etag', 'last-modified', 'expires'].some((name) => headers[name] !== undefined) ||
    LIFETIME.test(headerValue(headers, 'cache-control') ?? '')
  );
}

/**
 * The error that stands for a response that is no content: `origin-denied` for 401 and 403, else
 * `origin-status`, with its status and Retry-After. `nowMs` is wall time, ms since the epoch.
 */
export function statusError(
  head: OriginHead,
  limits: Pick<FetchLimits, 'retryAfterCapMs'>,
  nowMs: number,
): ForebayError {
  const denied = head.status === 401 || head.status === 403;
  const retryAfter = headerValue(head.headers, 'retry-after');
  const retryAfterMs =
    retryAfter === undefined
      ? undefined
      : parseRetryAfter(retryAfter, nowMs, limits.retryAfterCapMs);
  return new ForebayError(
    denied ? 'origin-denied' : 'origin-status',
    `the origin answered ${String(head.status)}`,
    {
      source: 'origin',
      retryable: isRetryable(head.status),
      originStatus: head.status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  );
}
