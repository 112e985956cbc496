/** Makes the fields of requests to origins, for both clients, and serialises them. */
import { readFileSync } from 'node:fs';
import { ForebayError } from '../model/errors.js';
import type { FetchUrl, OriginRequest } from '../model/fetch.js';
import { isFieldValue, isToken } from '../model/field-syntax.js';
import { HOP_BY_HOP } from '../model/hop-by-hop.js';
import { requestTargetOf } from '../model/uri.js';
import { requestedProxy } from './reach.js';

/** Fields that this file or the client sets: a target's own values for them are ignored. */
const OURS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'accept-encoding',
  'content-length',
  'host',
  'range',
]);

/** Via (RFC 9110 section 7.6.3) for a target without a Via. */
const VIA = '1.1 forebay';

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

const USER_AGENT = `forebay/${readVersion()}`;

/** Returns `bytes=first-last` (RFC 9110 section 14.2), inclusive on the wire. */
function rangeValue(range: { readonly start: number; readonly end: number | null }): string {
  return `bytes=${String(range.start)}-${range.end === null ? '' : String(range.end - 1)}`;
}

/**
 * Returns the fields of the request in the order of sending, with lower-case names; the client adds
 * Connection. Throws `internal` for a field that would break the message (CR, LF, NUL).
 */
export function requestFields(request: OriginRequest): [name: string, value: string][] {
  const { target, range, conditions } = request;
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries({ ...target.headers, ...conditions })) {
    if (!isToken(name) || !isFieldValue(value)) {
      throw forbidden('a request field');
    }
    const lower = name.toLowerCase();
    if (!OURS.has(lower)) given.set(lower, value);
  }
  if (!given.has('via')) given.set('via', VIA);
  if (!given.has('user-agent')) given.set('user-agent', USER_AGENT);
  const fields: [string, string][] = [['host', new URL(target.url).host], ...given];
  const proxy = requestedProxy(target.url, target.reach);
  if (proxy !== null && proxy.authorization !== null) {
    fields.push(['proxy-authorization', proxy.authorization]);
  }
  // Forebay stores the identity form; ranges of a coded form cannot be mapped to it.
  fields.push(['accept-encoding', 'identity']);
  if (range !== null) fields.push(['range', rangeValue(range)]);
  return fields;
}

/**
 * Returns the target of the request line: path and query, or the whole URL for a request to a proxy
 * (RFC 9112 section 3.2).
 */
export function requestTarget({ url, reach }: Pick<FetchUrl, 'url' | 'reach'>): string {
  const target = requestTargetOf(url);
  return requestedProxy(url, reach) === null ? target : new URL(url).origin + target;
}

function forbidden(what: string): ForebayError {
  const message = `${what} has forbidden characters`;
  return new ForebayError('internal', message, { source: 'internal', retryable: false });
}

/** Returns the whole request head, to be sent as latin1. Throws as `requestFields` does. */
export function serializeRequest(request: OriginRequest): string {
  const target = requestTarget(request.target);
  if (!/^[\x21-\x7e]+$/.test(target)) throw forbidden('a request target');
  const lines = requestFields(request).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\n${lines.join('')}connection: keep-alive\r\n\r\n`;
}
