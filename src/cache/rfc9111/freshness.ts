/**
 * How long a response is fresh and how old it is: RFC 9111 sections 4.2.1 to 4.2.3 for a shared
 * cache and one response (cache/rfc9111/chain does redirects). Contradicting fields make it stale.
 * Pure. Results are memoised, because every hit needs them.
 */
import { isDigits, trimOws } from '../../model/field-syntax.js';
import { headerValue } from '../../model/headers.js';
import { parseHttpDate } from '../../model/http-date.js';
import type { StoredResponse } from '../../model/response.js';
import { UNSTEADY_MS } from '../../model/steady-time.js';
import { isTargeted, responseDirectives } from './directives.js';

/** The parts of a response that decide about freshness. */
export type Received = Pick<
  StoredResponse,
  'status' | 'headers' | 'requestTimeMs' | 'responseTimeMs' | 'steadyTimeMs'
>;

export interface Freshness {
  /** Section 4.2.1; 0 if the response has none or it is malformed. */
  readonly lifetimeSeconds: number;
  /** `corrected_initial_age` of section 4.2.3. */
  readonly initialAgeSeconds: number;
}

/**
 * Statuses defined as heuristically cacheable (RFC 9110 section 15.1); 206 is stored as its 200.
 */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** The typical fraction of the time since the last change (section 4.2.2). */
const HEURISTIC_FRACTION = 0.1;

/** The longest heuristic lifetime: beyond a day section 4.2.2 demands a warning. */
const MAX_HEURISTIC_SECONDS = 24 * 60 * 60;

/** The greatest age that can be represented (section 1.2.2). */
const MAX_AGE_SECONDS = 2 ** 31;

const known = new WeakMap<Received, Freshness>();

/** Freshness by the response's own fields, without its time in the cache. */
export function freshnessOf(response: Received): Freshness {
  let freshness = known.get(response);
  if (freshness === undefined) {
    freshness = measure(response);
    known.set(response, freshness);
  }
  return freshness;
}

/**
 * `current_age` (section 4.2.3), in seconds, not rounded, never negative. `steadyMs` is now, on the
 * time that never runs backwards. What another process stored at a time that is yet to come was
 * stored before the clock was put back: it may be of any age.
 */
export function ageAt(response: Received, steadyMs: number): number {
  const residentMs = steadyMs - (response.steadyTimeMs ?? response.responseTimeMs);
  if (residentMs < -UNSTEADY_MS) return MAX_AGE_SECONDS;
  return freshnessOf(response).initialAgeSeconds + Math.max(0, residentMs) / 1000;
}

/** True if the response has an explicit lifetime, even a malformed one. */
export function hasExplicitLifetime({ headers }: Pick<Received, 'headers'>): boolean {
  const directives = responseDirectives(headers);
  if (directives.has('s-maxage') || directives.has('max-age')) return true;
  return headers['expires'] !== undefined && !isTargeted(headers);
}

/** True when a lifetime may be made up for the response (section 4.2.2). */
export function allowsHeuristics({ status, headers }: Pick<Received, 'status' | 'headers'>) {
  return HEURISTICALLY_CACHEABLE.has(status) || responseDirectives(headers).has('public');
}

function measure(response: Received): Freshness {
  const { headers, requestTimeMs, responseTimeMs } = response;
  const date = parseHttpDate(headerValue(headers, 'date') ?? '', responseTimeMs) ?? responseTimeMs;
  const age = ageField(headerValue(headers, 'age'));
  const delay = Math.max(0, responseTimeMs - requestTimeMs) / 1000;
  const apparent = Math.max(0, responseTimeMs - date) / 1000;
  return {
    lifetimeSeconds: lifetime(response, date),
    initialAgeSeconds: Math.max(apparent, age + delay),
  };
}

function lifetime(response: Received, dateMs: number): number {
  const { headers } = response;
  const directives = responseDirectives(headers);
  for (const name of ['s-maxage', 'max-age']) {
    const seconds = directives.seconds(name);
    if (seconds !== undefined) return seconds === 'malformed' ? 0 : seconds;
  }
  const expires = headerValue(headers, 'expires');
  if (expires !== undefined && !isTargeted(headers)) {
    // Section 5.3: an invalid date, `0` above all, is one in the past.
    const ms = parseHttpDate(expires, response.responseTimeMs) ?? dateMs;
    return Math.max(0, ms - dateMs) / 1000;
  }
  if (!allowsHeuristics(response)) return 0;
  const modified = parseHttpDate(headerValue(headers, 'last-modified') ?? '', dateMs) ?? dateMs;
  const unchangedSeconds = Math.max(0, dateMs - modified) / 1000;
  return Math.min(unchangedSeconds * HEURISTIC_FRACTION, MAX_HEURISTIC_SECONDS);
}

/** Section 5.1: the first member counts; a value that is not a number is ignored. */
function ageField(text: string | undefined): number {
  const [first = ''] = (text ?? '').split(',', 1);
  const seconds = trimOws(first);
  return isDigits(seconds) ? Number(seconds) : 0;
}
