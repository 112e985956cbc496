/**
 * Whether and when to try again: pure arithmetic that the workers' retry loops and the resolver
 * share. Nothing here waits; the caller does, on its own clock.
 */
import { ForebayError } from '../model/errors.js';
import type { FetchLimits, OriginHead } from '../model/fetch.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { Random } from '../model/time.js';
import { requestedWaitMs, waitFields } from './requested-wait.js';

/** A greater exponent would overflow, and every cap is reached long before. */
const MAX_EXPONENT = 30;

/** A message longer than this stays here: an error is carried from thread to thread. */
const MAX_TOLD_LENGTH = 1024;

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

/** Statuses after which the same GET may succeed. 401 and 403 are never among them. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** True when an idempotent request that got this status or this failure may be made again. */
export function isRetryable(failure: number | ForebayError): boolean {
  return typeof failure === 'number' ? RETRYABLE_STATUSES.has(failure) : failure.retryable;
}

/**
 * True if Forebay should retry after a wait, which is at least the one that the origin demands. A
 * wait beyond the cap is left to the client.
 */
export function isWorthRetrying(
  failure: ForebayError,
  { retryAfterCapMs }: Pick<FetchLimits, 'retryAfterCapMs'>,
): boolean {
  return isRetryable(failure) && (failure.retryAfterMs ?? 0) <= retryAfterCapMs;
}

/** A lifetime that the response itself gives. */
const LIFETIME = /(?:^|[\s,])(?:s-maxage|max-age)=/i;

/**
 * True for a response with a validator or a lifetime: its author means it to be cached, so it is
 * final, whatever its status.
 */
export function isDeliberate(headers: HeaderMap): boolean {
  return (
    ['etag', 'last-modified', 'expires'].some((name) => headers[name] !== undefined) ||
    LIFETIME.test(headerValue(headers, 'cache-control') ?? '')
  );
}

/**
 * The error for a response without usable content: `origin-denied` for 401 and 403, else
 * `origin-status`, with its status and the demanded wait. `nowMs` is wall time, ms since the epoch.
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

/** What clients read of a refusal for its rate: how long it lasts, and why. */
function waitFieldsOf(headers: HeaderMap): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(waitFields(headers))) fields[name] = String(value);
  for (const name of ['x-error-code', 'x-error-message']) {
    const value = headerValue(headers, name);
    if (value !== undefined && value.length <= MAX_TOLD_LENGTH) fields[name] = value;
  }
  return fields;
}
