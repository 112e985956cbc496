/**
 * Classifies a client's request fields: those that may identify the client, those that select a
 * representation, and those that no response depends on. forward, redirect and upstream use it to
 * select the fields to send; the cache uses it to decide which responses clients may share. Pure.
 */
import { createHash } from 'node:crypto';
import type { HeaderMap } from '../model/headers.js';
import { namedByVary } from '../model/vary.js';

/** Fields that carry credentials by definition (RFC 9110 section 11.6, RFC 6265 section 5.4). */
export const CREDENTIALS: readonly string[] = ['authorization', 'cookie'];

/** Fields that select a representation and identify no client. Hosts beside the origin get them. */
const SELECTING: readonly string[] = ['accept', 'accept-language', 'user-agent'];

/** Fields that distinguish clients or requests, or address caches; they select no resource. */
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
 * The other harmless fields: of the connection, the transfer or the browser, and those in which
 * proxies name their client. A field that is not listed may authorise the client.
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

/** Words in the names of fields that authorise a client: `private-token`, `x-api-key`. */
const CREDENTIAL_WORDS: ReadonlySet<string> = new Set([
  ...['apikey', 'assertion', 'auth', 'authenticate', 'authentication', 'authorization', 'bearer'],
  ...['credential', 'credentials', 'jwt', 'key', 'pass', 'passwd', 'password', 'secret'],
  ...['session', 'sessionid', 'sid', 'sig', 'signature', 'ticket', 'token'],
]);

/** Credentials whose names contain none of these words. */
const CREDENTIAL_NAMES: ReadonlySet<string> = new Set(['x-jfrog-art-api']);

/** True for a field by which origins do not identify or authorise clients. `name`: lower case. */
export function isHarmless(name: string): boolean {
  return HARMLESS.has(name) || HARMLESS_FAMILIES.some((family) => name.startsWith(family));
}

/** The longest name that is searched for words. */
const MAX_NAME_CHARACTERS = 256;

function hasWordOf(words: ReadonlySet<string>, name: string): boolean {
  // Treated as a match, like anything unknown: that costs a hit but reveals nothing to others.
  if (name.length > MAX_NAME_CHARACTERS) return true;
  return name.split(/[-_]/).some((word) => words.has(word));
}

/** True for a field by which an origin is likely to authorise a client. `name` is lower case. */
export function isCredential(name: string): boolean {
  if (CREDENTIALS.includes(name) || CREDENTIAL_NAMES.has(name)) return true;
  return !isHarmless(name) && hasWordOf(CREDENTIAL_WORDS, name);
}

/** Words in the names of fields whose value differs for each client or each request. */
const PERSONAL_WORDS: ReadonlySet<string> = new Set([
  ...['client', 'cookie', 'device', 'email', 'guid', 'id', 'ip', 'nonce', 'uid', 'user', 'uuid'],
  ...['username', 'visitor'],
]);

/** True when a Vary on this field means one response per client. `name` is lower case. */
export function isPersonal(name: string): boolean {
  if (SELECTING.includes(name)) return false;
  if (name === 'traceparent' || name === 'x-forwarded-for') return true;
  return isCredential(name) || hasWordOf(PERSONAL_WORDS, name);
}

/** True for the client's fields that are also sent to hosts other than the origin. */
export function isSentElsewhere(name: string): boolean {
  return SELECTING.includes(name);
}

/** True for fields that the target of a redirect does not depend on, unless its Vary names them. */
export function isIncidental(name: string): boolean {
  return INCIDENTAL.includes(name);
}

/** True when the key of a redirect contains the values of all fields that its Vary names. */
export function isToldApart(headers: HeaderMap): boolean {
  const names = namedByVary(headers);
  return names !== 'any' && !names.some(isIncidental);
}

/** Returns a hash by which fields can be compared without storing them. */
export function hashOf(fields: readonly (readonly [string, string])[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
