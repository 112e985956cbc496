/**
 * Computes freshness lifetime and age of one response, as a shared cache (RFC 9111 sections 4.2.1
 * to 4.2.3); cache/rfc9111/chain combines those of redirects. A response with contradictory fields
 * counts as stale. Pure; used for each hit, so the results for a response are kept.
 */
import { isDigits, trimOws } from '../../model/field-syntax.js';
import { headerValue } from '../../model/headers.js';
import { parseHttpDate } from '../../model/http-date.js';
import type { StoredResponse } from '../../model/response.js';
import { UNSTEADY_MS } from '../../model/steady-time.js';
import { isTargeted, responseDirectives } from './directives.js';

/** The parts of a response that decide its freshness and age. */
export type Received = Pick<
  StoredResponse,
  'status' | 'headers' | 'requestTimeMs' | 'responseTimeMs' | 'steadyTimeMs'
>;

export interface Freshness {
  /** Freshness lifetime (section 4.2.1); 0 where it is malformed or no rule gives one. */
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

/** The longest heuristic lifetime: a day. */
const MAX_HEURISTIC_SECONDS = 24 * 60 * 60;

/** The age of a response that is older than can be represented (section 1.2.2). */
const MAX_AGE_SECONDS = 2 ** 31;

const known = new WeakMap<Received, Freshness>();

/** Returns lifetime and initial age from the response itself, without its resident time. */
export function freshnessOf(response: Received): Freshness {
  let freshness = known.get(response);
  if (freshness === undefined) {
    freshness = measure(response);
    known.set(response, freshness);
  }
  return freshness;
}

/**
 * Returns `current_age` (section 4.2.3) in seconds, not rounded, never negative. `steadyMs` is the
 * current time of model/steady-time. A response that another process stored at a future time was
 * stored before the clock was put back: its age is unknown, so it counts as the greatest.
 */
export function ageAt(response: Received, steadyMs: number): number {
  const residentMs = steadyMs - (response.steadyTimeMs ?? response.responseTimeMs);
  if (residentMs < -UNSTEADY_MS) return MAX_AGE_SECONDS;
  return freshnessOf(response).initialAgeSeconds + Math.max(0, residentMs) / 1000;
}

/** True when the response has an explicit lifetime, even a malformed one. */
export function hasExplicitLifetime({ headers }: Pick<Received, 'headers'>): boolean {
  const directives = responseDirectives(headers);
  if (directives.has('s-maxage') || directives.has('max-age')) return true;
  return headers['expires'] !== undefined && !isTargeted(headers);
}

/** True when the response may have a heuristic lifetime (section 4.2.2). */
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
    // Section 5.3: an invalid date, such as `0`, is in the past.
    const ms = parseHttpDate(expires, response.responseTimeMs) ?? dateMs;
    return Math.max(0, ms - dateMs) / 1000;
  }
  if (!allowsHeuristics(response)) return 0;
  const modified = parseHttpDate(headerValue(headers, 'last-modified') ?? '', dateMs) ?? dateMs;
  const unchangedSeconds = Math.max(0, dateMs - modified) / 1000;
  return Math.min(unchangedSeconds * HEURISTIC_FRACTION, MAX_HEURISTIC_SECONDS);
}

/** Parses Age in seconds (section 5.1): the first member counts, a malformed one is 0. */
function ageField(text: string | undefined): number {
  const [first = ''] = (text ?? '').split(',', 1);
  const seconds = trimOws(first);
  return isDigits(seconds) ? Number(seconds) : 0;
}
