/**
 * Reads the wait that an origin requests of its clients, from Retry-After (RFC 9110 section
 * 10.2.3), RateLimit (draft-ietf-httpapi-ratelimit-headers) and the older fields of rate limits.
 * Pure; used by retry, by verdict, and by the hub for its answers to clients.
 */
import { trimOws } from '../model/field-syntax.js';
import { parseDictionary, parseList } from 'structured-headers';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';

/** The longest wait; a longer one is cut to this. For clients the difference does not matter. */
export const MAX_REQUESTED_WAIT_MS = 24 * 60 * 60 * 1000;

/** Fields longer than this are ignored. */
const MAX_FIELD_LENGTH = 1024;

/** Most fields of one response that are forwarded to the client. */
const MAX_FIELDS = 16;

/**
 * A reset value below the first bound is seconds to wait; from there a time in seconds since the
 * epoch; from the second bound a time in ms since the epoch.
 */
const FIRST_EPOCH_SECONDS = 100_000_000;
const FIRST_EPOCH_MS = 100_000_000_000;

/**
 * `RateLimit`, `RateLimit-Policy`, `RateLimit-Reset`, `X-RateLimit-Limit`, `X-Rate-Limit-Reset`.
 */
const RATE_FIELD = /^(?:ratelimit|ratelimit-[a-z-]{1,32}|x-rate-?limit-[a-z-]{1,32})$/;

const RESET_FIELDS = ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset'];

/** IMF-fixdate, the one HTTP-date that senders may generate (RFC 9110 section 5.6.7). */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The parts of a head that a requested wait is read from. */
export interface RateLimitedHead {
  readonly status: number;
  readonly headers: HeaderMap;
}

/**
 * Parses Retry-After: seconds or a date. Returns ms from `nowMs` (epoch), never negative and never
 * above `capMs`; `undefined` for any other value.
 */
export function parseRetryAfter(value: string, nowMs: number, capMs: number): number | undefined {
  const text = trimOws(value);
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text) * 1000, capMs);
  if (!IMF_FIXDATE.test(text)) return undefined;
  const date = Date.parse(text);
  if (Number.isNaN(date)) return undefined;
  return Math.min(Math.max(date - nowMs, 0), capMs);
}

/**
 * Returns the wait that a response requests of its client, in ms from `nowMs`; `undefined` where it
 * requests none. Retry-After takes precedence over the fields of rate limits. Some origins send
 * these with every response, so they count only in a 429.
 */
export function requestedWaitMs(
  { status, headers }: RateLimitedHead,
  nowMs: number,
): number | undefined {
  const waitMs = parseRetryAfter(fieldOf(headers, 'retry-after'), nowMs, MAX_REQUESTED_WAIT_MS);
  if (waitMs !== undefined || status !== 429) return waitMs;
  const seconds = ofQuotas(fieldOf(headers, 'ratelimit'));
  if (seconds !== undefined) return Math.min(Math.max(seconds, 0) * 1000, MAX_REQUESTED_WAIT_MS);
  for (const name of RESET_FIELDS) {
    const text = trimOws(fieldOf(headers, name));
    if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return ofReset(Number(text), nowMs);
  }
  return undefined;
}

/** Returns the fields of a head that describe a wait or a limit, unchanged, within the bounds. */
export function waitFields(headers: HeaderMap): HeaderMap {
  const selected = emptyHeaders();
  let count = 0;
  for (const name of Object.keys(headers)) {
    if (name !== 'retry-after' && !RATE_FIELD.test(name)) continue;
    const value = fieldOf(headers, name);
    if (value === '' || count === MAX_FIELDS) continue;
    selected[name] = value;
    count += 1;
  }
  return selected;
}

function fieldOf(headers: HeaderMap, name: string): string {
  const value = headerValue(headers, name) ?? '';
  return value.length > MAX_FIELD_LENGTH ? '' : value;
}

/** Returns the seconds until the exhausted quotas are reset; `undefined` where none is given. */
function ofQuotas(field: string): number | undefined {
  const quotas = asList(field) ?? asDictionary(field) ?? [];
  const spent = quotas.filter(({ remaining }) => remaining === 0);
  // Where no quota has 0 remaining, any of them may have caused the refusal.
  const waits = (spent.length > 0 ? spent : quotas)
    .map(({ resetSeconds }) => resetSeconds)
    .filter((seconds) => seconds !== undefined);
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

interface Quota {
  readonly remaining: number | undefined;
  readonly resetSeconds: number | undefined;
}

/** Parses the current form of RateLimit: `"name";r=0;t=55`. */
function asList(field: string): readonly Quota[] | undefined {
  try {
    const quotas = parseList(field).map(([, parameters]) => ({
      remaining: numberOf(parameters.get('r')),
      resetSeconds: numberOf(parameters.get('t')),
    }));
    return quotas.some(({ resetSeconds }) => resetSeconds !== undefined) ? quotas : undefined;
  } catch {
    return undefined;
  }
}

/** Parses the form of earlier drafts: `limit=100, remaining=0, reset=55`. */
function asDictionary(field: string): readonly Quota[] | undefined {
  try {
    const members = parseDictionary(field);
    const valueOf = (name: string): number | undefined => {
      const [value] = members.get(name) ?? [];
      return numberOf(value);
    };
    return [{ remaining: valueOf('remaining'), resetSeconds: valueOf('reset') }];
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Converts a reset value, seconds to wait or a point in time, to ms to wait. */
function ofReset(value: number, nowMs: number): number {
  const atMs = value < FIRST_EPOCH_MS ? value * 1000 : value;
  const waitMs = value < FIRST_EPOCH_SECONDS ? atMs : atMs - nowMs;
  return Math.min(Math.max(waitMs, 0), MAX_REQUESTED_WAIT_MS);
}
