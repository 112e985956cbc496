/**
 * What each request field may reveal: who the client is, which representation it needs, or nothing
 * that a response could depend on. The one list, by which forward and redirect choose the fields
 * that are sent on, and the cache decides what may be shared. Pure.
 */
import { createHash } from 'node:crypto';
import type { HeaderMap } from '../model/headers.js';
import { namedByVary } from '../model/vary.js';

/** Fields that carry credentials by definition (RFC 9110 section 11.6, RFC 6265 section 5.4). */
export const CREDENTIALS: readonly string[] = ['authorization', 'cookie'];

/**
 * Fields that select a representation and identify no client: hosts other than the origin get only
 * these.
 */
const SELECTING: readonly string[] = ['accept', 'accept-language', 'user-agent'];

/** Fields that distinguish clients or requests, or address caches; no resource depends on them. */
const INCIDENTAL: readonly string[] = [
  'baggage',
  'cache-control',
  'pragma',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-request-id',
];

/**
 * Harmless beside these: fields of the connection, the transfer or the browser, and those in which
 * proxies name the client. A field that is not listed may be a credential.
 */
const OTHERS: readonly string[] = [
  ...['accept-charset', 'accept-encoding', 'connection', 'content-length', 'content-type', 'date'],
  ...['alt-used', 'dnt', 'expect', 'host', 'if-match', 'if-modified-since', 'if-none-match'],
  ...['if-range', 'if-unmodified-since', 'keep-alive', 'max-forwards', 'origin', 'priority'],
  ...['proxy-connection', 'purpose', 'range', 'save-data', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'upgrade-insecure-requests', 'via', 'want-content-digest', 'want-digest'],
  ...['want-repr-digest', 'cdn-loop', 'cf-connecting-ip', 'cf-ipcountry', 'cf-ray', 'cf-visitor'],
  ...['sentry-trace', 'true-client-ip', 'uber-trace-id', 'x-client-ip', 'x-forwarded-for'],
  ...['x-original-forwarded-for', 'x-real-ip', 'x-scheme'],
];

const HARMLESS: ReadonlySet<string> = new Set([...SELECTING, ...INCIDENTAL, ...OTHERS]);

/** Families of fields that browsers and tracers add: `sec-fetch-mode`, `x-b3-traceid`. */
const HARMLESS_FAMILIES: readonly string[] = [
  'sec-ch-',
  'sec-fetch-',
  'sec-gpc',
  'sec-purpose',
  'x-b3-',
  'x-datadog-',
  'x-envoy-',
];

/** Words in the names of credential fields: `private-token`, `x-api-key`. */
const CREDENTIAL_WORDS: ReadonlySet<string> = new Set([
  ...['apikey', 'assertion', 'auth', 'authenticate', 'authentication', 'authorization', 'bearer'],
  ...['credential', 'credentials', 'jwt', 'key', 'pass', 'passwd', 'password', 'secret'],
  ...['session', 'sessionid', 'sid', 'sig', 'signature', 'ticket', 'token'],
]);

/** Credential fields whose names contain no such word. */
const CREDENTIAL_NAMES: ReadonlySet<string> = new Set(['x-jfrog-art-api']);

/** True if a field does not identify the client. `name` is lower case. */
export function isHarmless(name: string): boolean {
  return HARMLESS.has(name) || HARMLESS_FAMILIES.some((family) => name.startsWith(family));
}

/** Longer names are not searched for words. */
const MAX_NAME_CHARACTERS = 256;

function hasWordOf(words: ReadonlySet<string>, name: string): boolean {
  // Not shared, like an unknown field: that costs a hit and reveals nothing.
  if (name.length > MAX_NAME_CHARACTERS) return true;
  return name.split(/[-_]/).some((word) => words.has(word));
}

/** True for a field that probably grants access at an origin. `name` is lower case. */
export function isCredential(name: string): boolean {
  if (CREDENTIALS.includes(name) || CREDENTIAL_NAMES.has(name)) return true;
  return !isHarmless(name) && hasWordOf(CREDENTIAL_WORDS, name);
}

/** Words in the name of a field that has another value for each client, or each request. */
const PERSONAL_WORDS: ReadonlySet<string> = new Set([
  ...['client', 'cookie', 'device', 'email', 'guid', 'id', 'ip', 'nonce', 'uid', 'user', 'uuid'],
  ...['username', 'visitor'],
]);

/** True where to vary on a field means to keep an answer for each client. `name` is lower case. */
export function isPersonal(name: string): boolean {
  if (SELECTING.includes(name)) return false;
  if (name === 'traceparent' || name === 'x-forwarded-for') return true;
  return isCredential(name) || hasWordOf(PERSONAL_WORDS, name);
}

/** True for the client's fields that another host than the origin gets. */
export function isSentElsewhere(name: string): boolean {
  return SELECTING.includes(name);
}

/** True for fields that a redirect's target does not depend on, unless its Vary names them. */
export function isIncidental(name: string): boolean {
  return INCIDENTAL.includes(name);
}

/** True when the values of all fields that a redirect varies on are part of its key. */
export function isToldApart(headers: HeaderMap): boolean {
  const names = namedByVary(headers);
  return names !== 'any' && !names.some(isIncidental);
}

/** Distinguishes sets of fields without storing them. */
export function hashOf(fields: readonly (readonly [string, string])[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
