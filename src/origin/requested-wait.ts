/**
 * How long an origin asks its clients to wait, and the fields that say so: Retry-After (RFC 9110
 * section 10.2.3), RateLimit (draft-ietf-httpapi-ratelimit-headers) and its predecessors. Pure;
 * used for retries and for answers to clients.
 */
import { trimOws } from '../model/field-syntax.js';
import { parseDictionary, parseList } from 'structured-headers';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';

/** A longer wait is read as this: clients would not do anything else. */
export const MAX_REQUESTED_WAIT_MS = 24 * 60 * 60 * 1000;

/** Longer fields are ignored. */
const MAX_FIELD_LENGTH = 1024;

/** The most such fields of one response that are forwarded. */
const MAX_FIELDS = 16;

/** Numbers from here on are points in time: seconds since the epoch, and then milliseconds. */
const FIRST_EPOCH_SECONDS = 100_000_000;
const FIRST_EPOCH_MS = 100_000_000_000;

/**
 * `RateLimit`, `RateLimit-Policy`, `RateLimit-Reset`, `X-RateLimit-Limit`, `X-Rate-Limit-Reset`.
 */
const RATE_FIELD = /^(?:ratelimit|ratelimit-[a-z-]{1,32}|x-rate-?limit-[a-z-]{1,32})$/;

const RESET_FIELDS = ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset'];

/** IMF-fixdate, the one HTTP-date that senders may generate (RFC 9110 section 5.6.7). */
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The parts of a head that may demand a wait. */
export interface RateLimitedHead {
  readonly status: number;
  readonly headers: HeaderMap;
}

/**
 * Reads Retry-After: seconds or a date. Returns ms from `nowMs` (epoch), never negative and never
 * above `capMs`; `undefined` when the value is neither.
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
 * The wait that the response demands, in ms from `nowMs`; `undefined` if it demands none.
 * Retry-After precedes the rate limit fields. Some origins send these with every response, so they
 * count only in a 429.
 */
export function requestedWaitMs(
  { status, headers }: RateLimitedHead,
  nowMs: number,
): number | undefined {
  const said = parseRetryAfter(fieldOf(headers, 'retry-after'), nowMs, MAX_REQUESTED_WAIT_MS);
  if (said !== undefined || status !== 429) return said;
  const seconds = ofQuotas(fieldOf(headers, 'ratelimit'));
  if (seconds !== undefined) return Math.min(Math.max(seconds, 0) * 1000, MAX_REQUESTED_WAIT_MS);
  for (const name of RESET_FIELDS) {
    const text = trimOws(fieldOf(headers, name));
    if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return ofReset(Number(text), nowMs);
  }
  return undefined;
}

/** The fields about a wait or a limit, unchanged: a bounded part of a head. */
export function waitFields(headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  let count = 0;
  for (const name of Object.keys(headers)) {
    if (name !== 'retry-after' && !RATE_FIELD.test(name)) continue;
    const value = fieldOf(headers, name);
    if (value === '' || count === MAX_FIELDS) continue;
    kept[name] = value;
    count += 1;
  }
  return kept;
}

function fieldOf(headers: HeaderMap, name: string): string {
  const value = headerValue(headers, name) ?? '';
  return value.length > MAX_FIELD_LENGTH ? '' : value;
}

/** Seconds until the quotas that are used up are there again. */
function ofQuotas(field: string): number | undefined {
  const quotas = asList(field) ?? asDictionary(field) ?? [];
  const spent = quotas.filter(({ remaining }) => remaining === 0);
  // If no limit is reported as exhausted, it is unknown which one was.
  const waits = (spent.length > 0 ? spent : quotas)
    .map(({ resetSeconds }) => resetSeconds)
    .filter((seconds) => seconds !== undefined);
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

interface Quota {
  readonly remaining: number | undefined;
  readonly resetSeconds: number | undefined;
}

/** `"name";r=0;t=55`, the field of today. */
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

/** `limit=100, remaining=0, reset=55`, the field of earlier drafts. */
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

/** Seconds to wait, or when: both are in use. */
function ofReset(value: number, nowMs: number): number {
  const atMs = value < FIRST_EPOCH_MS ? value * 1000 : value;
  const waitMs = value < FIRST_EPOCH_SECONDS ? atMs : atMs - nowMs;
  return Math.min(Math.max(waitMs, 0), MAX_REQUESTED_WAIT_MS);
}
