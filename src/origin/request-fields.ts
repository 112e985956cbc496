/**
 * What a client's request fields tell: of who asks, of what is wanted, or nothing that an answer
 * could depend on. The one list of them, by which forward and redirect choose what travels, and the
 * cache what an answer may be shared after. Pure.
 */
import { createHash } from 'node:crypto';
import type { HeaderMap } from '../model/headers.js';
import { namedByVary } from '../model/vary.js';

/** Fields that carry credentials by definition (RFC 9110 section 11.6, RFC 6265 section 5.4). */
export const CREDENTIALS: readonly string[] = ['authorization', 'cookie'];

/** They select a representation and name nobody: what another host than the origin gets. */
const SELECTING: readonly string[] = ['accept', 'accept-language', 'user-agent'];

/** They tell clients or requests apart, or speak to caches; no resource is chosen by them. */
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
 * Harmless beside these: of the connection, the transfer or the browser, and where proxies say who
 * is in front of them. What is not listed may be a key to something.
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

/** Words in the name of a field that lets somebody in: `private-token`, `x-api-key`. */
const CREDENTIAL_WORDS: ReadonlySet<string> = new Set([
  ...['apikey', 'assertion', 'auth', 'authenticate', 'authentication', 'authorization', 'bearer'],
  ...['credential', 'credentials', 'jwt', 'key', 'pass', 'passwd', 'password', 'secret'],
  ...['session', 'sessionid', 'sid', 'sig', 'signature', 'ticket', 'token'],
]);

/** Credentials whose names do not say so. */
const CREDENTIAL_NAMES: ReadonlySet<string> = new Set(['x-jfrog-art-api']);

/** True where a field says nothing of who asks. `name` is lower case. */
export function isHarmless(name: string): boolean {
  return HARMLESS.has(name) || HARMLESS_FAMILIES.some((family) => name.startsWith(family));
}

/** A name of this many characters says nothing that its words could be looked up for. */
const MAX_NAME_CHARACTERS = 256;

function hasWordOf(words: ReadonlySet<string>, name: string): boolean {
  // Kept apart, as what is not known: that costs a hit and tells nothing to others.
  if (name.length > MAX_NAME_CHARACTERS) return true;
  return name.split(/[-_]/).some((word) => words.has(word));
}

/** True for a field that an origin is likely to let somebody in by. `name` is lower case. */
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

/** True for fields that do not tell apart what a redirect leads to, unless its Vary names them. */
export function isIncidental(name: string): boolean {
  return INCIDENTAL.includes(name);
}

/** True when the values of all fields that a redirect varies on are part of its key. */
export function isToldApart(headers: HeaderMap): boolean {
  const names = namedByVary(headers);
  return names !== 'any' && !names.some(isIncidental);
}

/** Tells fields apart without keeping them. */
export function hashOf(fields: readonly (readonly [string, string])[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
