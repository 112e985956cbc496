/**
 * What RFC 9111 says of a response: may it be stored, is it still fresh, what does a 304 change. The
 * arithmetic is http-cache-semantics'; this file feeds it complete requests and responses (Range and
 * If-Range stripped, a 206 shown as its 200) and our clock. Called by cache/lookup and cache/contact.
 */
import CachePolicy from 'http-cache-semantics';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { StoredResponse } from '../model/response.js';
import type { Clock } from '../model/time.js';
import { validatorOf } from '../model/validator.js';

/** What a stored response can do for a request now. */
export type Assessment =
  | { readonly kind: 'fresh'; readonly ageSeconds: number }
  /** Ask the origin; `conditions` is empty when the response has no validator. */
  | { readonly kind: 'stale'; readonly conditions: Readonly<Record<string, string>> };

/** Fields of a 304 that must not change what is said of the stored content (RFC 9111 section 3.2). */
const NOT_UPDATED = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'transfer-encoding',
  'connection',
  'keep-alive',
]);

type PlainHeaders = Record<string, string>;

class TimedPolicy extends CachePolicy {
  /** The base constructor asks for the time: it is told when the response came. */
  static receivedAtMs = 0;
  declare clock: Clock | undefined;

  now(): number {
    return this.clock?.now() ?? TimedPolicy.receivedAtMs;
  }
}

/** Policies are rebuilt from records; one per stored response is enough while it is in memory. */
const policies = new WeakMap<StoredResponse, TimedPolicy>();

/** True when a shared cache may store the response to a GET with these request fields. */
export function isStorable(
  request: HeaderMap,
  response: Pick<StoredResponse, 'status' | 'headers' | 'responseTimeMs'>,
): boolean {
  if (variedFields(response.headers) === 'any') return false;
  return newPolicy(request, response).storable();
}

/** Whether `stored` may answer a request with these fields as it is (RFC 9111 section 4). */
export function assess(stored: StoredResponse, request: HeaderMap, clock: Clock): Assessment {
  let policy = policies.get(stored);
  if (policy === undefined) {
    policy = newPolicy(stored.requestHeaders, stored);
    policies.set(stored, policy);
  }
  policy.clock = clock;
  const ageSeconds = Math.max(0, Math.floor(policy.age()));
  const wanted = directives(headerValue(request, 'cache-control') ?? '');
  const legacyNoCache =
    !('cache-control' in request) && /no-cache/i.test(headerValue(request, 'pragma') ?? '');
  const tooOld = policy.age() > secondsOf(wanted.get('max-age'), Infinity);
  const tooSoonStale =
    policy.maxAge() - policy.age() < secondsOf(wanted.get('min-fresh'), -Infinity);
  if (policy.stale() || wanted.has('no-cache') || legacyNoCache || tooOld || tooSoonStale) {
    return { kind: 'stale', conditions: conditionsFor(stored) };
  }
  return { kind: 'fresh', ageSeconds };
}

/** The stored response after a 304 (RFC 9111 section 3.2), with the times of the revalidation. */
export function refreshed(
  stored: StoredResponse,
  notModified: HeaderMap,
  times: Pick<StoredResponse, 'requestTimeMs' | 'responseTimeMs'>,
): StoredResponse {
  const headers = emptyHeaders();
  Object.assign(headers, stored.headers);
  // Age belongs to the response that carried it: a 304 without one is not as old as the first.
  delete headers['age'];
  for (const [name, value] of Object.entries(notModified)) {
    if (!NOT_UPDATED.has(name)) headers[name] = value;
  }
  return { ...stored, ...times, headers };
}

/** The fields that Vary names, lower case; `any` for `*` (RFC 9110 section 12.5.5). */
export function variedFields(headers: HeaderMap): readonly string[] | 'any' {
  const names = (headerValue(headers, 'vary') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  // Every fill asks for identity, so what Accept-Encoding said to us selected nothing.
  return names.includes('*') ? 'any' : names.filter((name) => name !== 'accept-encoding');
}

/** The request's values of the fields that a response varies on (RFC 9111 section 4.1). */
export function variantFields(request: HeaderMap, response: HeaderMap): HeaderMap {
  const fields = variedFields(response);
  const values = emptyHeaders();
  if (fields === 'any') return values;
  for (const name of fields) {
    const value = headerValue(request, name);
    if (value !== undefined) values[name] = normalise(value);
  }
  return values;
}

/** True when the stored response was selected by the same values of the fields it varies on. */
export function variantMatches(stored: StoredResponse, request: HeaderMap): boolean {
  const fields = variedFields(stored.headers);
  if (fields === 'any') return false;
  return fields.every((name) => {
    const value = headerValue(request, name);
    return headerValue(stored.requestHeaders, name) === (value && normalise(value));
  });
}

function newPolicy(
  request: HeaderMap,
  response: Pick<StoredResponse, 'status' | 'headers' | 'responseTimeMs'>,
): TimedPolicy {
  TimedPolicy.receivedAtMs = response.responseTimeMs;
  return new TimedPolicy(
    { method: 'GET', url: '/', headers: plain(request, ['range', 'if-range']) },
    { status: response.status, headers: plain(response.headers, []) },
    { shared: true },
  );
}

function conditionsFor(stored: StoredResponse): Readonly<Record<string, string>> {
  const validator = validatorOf(stored.headers);
  switch (validator.kind) {
    case 'etag':
      return { 'if-none-match': `${validator.strong ? '' : 'W/'}${validator.value}` };
    case 'last-modified':
      return { 'if-modified-since': validator.value };
    case 'none':
      return {};
  }
}

function plain(headers: HeaderMap, without: readonly string[]): PlainHeaders {
  const copy = emptyHeaders() as PlainHeaders;
  for (const name of Object.keys(headers)) {
    if (!without.includes(name)) copy[name] = headerValue(headers, name) ?? '';
  }
  return copy;
}

function directives(cacheControl: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of cacheControl.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    found.set(name.trim().toLowerCase(), value.trim().replace(/^"|"$/g, ''));
  }
  return found;
}

function secondsOf(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
}

function normalise(value: string): string {
  return value.trim().replace(/\s*,\s*/g, ', ');
}
