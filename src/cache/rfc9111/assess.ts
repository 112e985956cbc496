/**
 * What a stored response can do for a request now (RFC 9111 sections 4, 4.2.4, 5.2.1; RFC 5861):
 * answer it, answer it although stale, or be validated first, and whether it may still answer when
 * that fails. Pure.
 */
import { trimOws } from '../../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import type { StoredResponse } from '../../model/response.js';
import { directivesOf, linksOf, timesAt } from './chain.js';
import { type Directives, requestDirectives, responseDirectives } from './directives.js';
import { ageAt, freshnessOf } from './freshness.js';

/** When a stored response may answer although its validation failed. */
export type OnFailure =
  /** Validation is demanded: the failure is the answer. */
  | 'never'
  /** When the origin cannot be reached (section 4.2.4). */
  | 'disconnected'
  /** Also when it answers with an error (`stale-if-error`). */
  | 'error-status';

interface Times {
  /** Current age in seconds, rounded down. */
  readonly ageSeconds: number;
  /** Seconds that it stays fresh, rounded down; negative once stale. */
  readonly ttlSeconds: number;
}

export type Assessment =
  | ({ readonly kind: 'fresh' } & Times)
  /**
   * May answer although stale; `stale-while-revalidate` also needs a validation in the background.
   */
  | ({ readonly kind: 'stale'; readonly why: 'max-stale' | 'stale-while-revalidate' } & Times)
  | ({
      readonly kind: 'validate';
      /** `request`: it is fresh, but not for this request (RFC 9211 section 2.2). */
      readonly reason: 'stale' | 'request';
      readonly onFailure: OnFailure;
    } & Times);

/**
 * Whether, and how, `stored` may answer a request with these fields. `steadyMs`: model/steady-time.
 */
export function assess(stored: StoredResponse, request: HeaderMap, steadyMs: number): Assessment {
  const directives = directivesOf(stored);
  const wanted = requestDirectives(request);
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
  if (wanted.has('no-cache') || expectsOther(stored.headers, request)) return validate('never');
  if (age > limit(wanted, 'max-age', Infinity, 0)) return validate('never');
  const minFresh = limit(wanted, 'min-fresh', 0, Infinity);
  if (minFresh > 0 && ttl < minFresh) return validate('never');
  if (ttl > 0) return { kind: 'fresh', ...times };
  if (directives.some(forbidsStale)) return validate('never');
  if (-ttl <= maxStale(wanted)) return { kind: 'stale', why: 'max-stale', ...times };
  if (isAllowedStale(stored, steadyMs, 'stale-while-revalidate')) {
    return { kind: 'stale', why: 'stale-while-revalidate', ...times };
  }
  const onError = isAllowedStale(stored, steadyMs, 'stale-if-error');
  return validate(onError ? 'error-status' : 'disconnected');
}

/** True when each of the chain that is stale allows to be so, for as long as it is (RFC 5861). */
function isAllowedStale(stored: StoredResponse, steadyMs: number, name: string): boolean {
  return linksOf(stored).every((link) => {
    const ttl = freshnessOf(link).lifetimeSeconds - ageAt(link, steadyMs);
    return ttl > 0 || -ttl < limit(responseDirectives(link.headers), name, 0, 0);
  });
}

/** Statuses of an origin in trouble: what RFC 5861 section 4 calls an error. */
export function isErrorStatus(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}

/** Directives after which a stale response is none without validation (section 4.2.4). */
function forbidsStale(directives: Directives): boolean {
  return (
    directives.has('must-revalidate') ||
    directives.has('proxy-revalidate') ||
    directives.has('s-maxage')
  );
}

/** A directive's seconds; `malformed` is the value that allows less. */
function limit(directives: Directives, name: string, absent: number, malformed: number): number {
  const seconds = directives.seconds(name) ?? absent;
  return seconds === 'malformed' ? malformed : seconds;
}

/** `max-stale` without an argument accepts any staleness (section 5.2.1.2). */
function maxStale(wanted: Directives): number {
  if (!wanted.has('max-stale')) return -1;
  const seconds = wanted.seconds('max-stale');
  if (typeof seconds === 'number') return seconds;
  return wanted.isBare('max-stale') ? Infinity : -1;
}

/**
 * If-Match and If-Unmodified-Since are the origin's to evaluate (section 4.3.2): a stored response
 * answers only if its validator is the same text.
 */
function expectsOther(stored: HeaderMap, request: HeaderMap): boolean {
  const ifMatch = headerValue(request, 'if-match');
  if (ifMatch !== undefined) return trimOws(ifMatch) !== headerValue(stored, 'etag');
  const since = headerValue(request, 'if-unmodified-since');
  return since !== undefined && trimOws(since) !== headerValue(stored, 'last-modified');
}
