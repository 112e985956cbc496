/**
 * Decides how a stored response may be used for a request (RFC 9111 sections 4, 4.2.4, 5.2.1; RFC
 * 5861): as fresh, as stale, or after validation, and whether it may be used stale when the
 * validation fails. Pure.
 */
import { trimOws } from '../../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import type { StoredResponse } from '../../model/response.js';
import { directivesOf, linksOf, timesAt } from './chain.js';
import { type Directives, requestDirectives, responseDirectives } from './directives.js';
import { ageAt, freshnessOf } from './freshness.js';

/** When a stored response may be used although its validation failed. */
export type OnFailure =
  /** Validation is required: the failure is the answer. */
  | 'never'
  /** When the origin cannot be reached (section 4.2.4). */
  | 'disconnected'
  /** Also when the origin answers with an error (`stale-if-error`). */
  | 'error-status';

interface Times {
  /** Current age in seconds, rounded down. */
  readonly ageSeconds: number;
  /** Seconds until it is stale, rounded down; negative once stale. */
  readonly ttlSeconds: number;
}

export type Assessment =
  | ({ readonly kind: 'fresh' } & Times)
  /** May be used stale; with `stale-while-revalidate` it is validated in the background. */
  | ({ readonly kind: 'stale'; readonly why: 'max-stale' | 'stale-while-revalidate' } & Times)
  | ({
      readonly kind: 'validate';
      /** `request`: fresh, but this request's fields require validation (RFC 9211 section 2.2). */
      readonly reason: 'stale' | 'request';
      readonly onFailure: OnFailure;
    } & Times);

/**
 * Returns how `stored` may be used for a request with these fields. `steadyMs`: model/steady-time.
 */
export function assess(stored: StoredResponse, request: HeaderMap, steadyMs: number): Assessment {
  const directives = directivesOf(stored);
  const requested = requestDirectives(request);
  const { ageSeconds: age, ttlSeconds: ttl } = timesAt(stored, steadyMs);
  const times = { ageSeconds: Math.floor(age), ttlSeconds: Math.floor(ttl) };
  const reason = ttl > 0 ? 'request' : 'stale';
  const validate = (onFailure: OnFailure): Assessment => ({
    kind: 'validate',
    reason,
    onFailure,
    ...times,
  });
  if (directives.some((one) => one.isUnqualified('no-cache'))) return validate('never');
  if (requested.has('no-cache') || expectsOther(stored.headers, request)) return validate('never');
  if (age > limit(requested, 'max-age', Infinity, 0)) return validate('never');
  const minFresh = limit(requested, 'min-fresh', 0, Infinity);
  if (minFresh > 0 && ttl < minFresh) return validate('never');
  if (ttl > 0) return { kind: 'fresh', ...times };
  if (directives.some(forbidsStale)) return validate('never');
  if (-ttl <= maxStale(requested)) return { kind: 'stale', why: 'max-stale', ...times };
  if (isAllowedStale(stored, steadyMs, 'stale-while-revalidate')) {
    return { kind: 'stale', why: 'stale-while-revalidate', ...times };
  }
  const onError = isAllowedStale(stored, steadyMs, 'stale-if-error');
  return validate(onError ? 'error-status' : 'disconnected');
}

/** True when each stale response of the chain allows its current staleness (RFC 5861). */
function isAllowedStale(stored: StoredResponse, steadyMs: number, name: string): boolean {
  return linksOf(stored).every((link) => {
    const ttl = freshnessOf(link).lifetimeSeconds - ageAt(link, steadyMs);
    return ttl > 0 || -ttl < limit(responseDirectives(link.headers), name, 0, 0);
  });
}

/** True for the statuses that RFC 5861 section 4 calls an error. */
export function isErrorStatus(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

/** True when a stale response must not be used without validation (section 4.2.4). */
function forbidsStale(directives: Directives): boolean {
  return (
    directives.has('must-revalidate') ||
    directives.has('proxy-revalidate') ||
    directives.has('s-maxage')
  );
}

/**
 * Returns a directive's seconds: `absent` without the directive, `malformed` (the value that allows
 * less) for an invalid argument.
 */
function limit(directives: Directives, name: string, absent: number, malformed: number): number {
  const seconds = directives.seconds(name) ?? absent;
  return seconds === 'malformed' ? malformed : seconds;
}

/**
 * Returns the accepted staleness in seconds: any for `max-stale` without an argument (section
 * 5.2.1.2), -1 for none.
 */
function maxStale(requested: Directives): number {
  if (!requested.has('max-stale')) return -1;
  const seconds = requested.seconds('max-stale');
  if (typeof seconds === 'number') return seconds;
  return requested.isBare('max-stale') ? Infinity : -1;
}

/**
 * True when If-Match or If-Unmodified-Since differs textually from the stored validator. The origin
 * evaluates these fields (section 4.3.2), so the stored response must be validated.
 */
function expectsOther(stored: HeaderMap, request: HeaderMap): boolean {
  const ifMatch = headerValue(request, 'if-match');
  if (ifMatch !== undefined) return trimOws(ifMatch) !== headerValue(stored, 'etag');
  const since = headerValue(request, 'if-unmodified-since');
  return since !== undefined && trimOws(since) !== headerValue(stored, 'last-modified');
}
