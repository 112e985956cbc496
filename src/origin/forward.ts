/** Which of a client's request fields travel to the origin (RFC 9110 section 7.6.1). Pure. */
import { tokenMembers } from '../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { DECIDED_HERE, OF_ONE_HOP } from '../model/hop-by-hop.js';
import { CREDENTIALS } from './request-fields.js';

/**
 * Fields that make some servers answer another request than the one that was made: another method,
 * another path, another host or scheme. The answer would be stored for this URL, for everybody.
 */
const OVERRIDES = new Set([
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
]);

/**
 * The fields to send: every end-to-end field except those that Connection names, overrides and
 * ours. A client cannot use Connection to strip its credentials.
 */
export function forwardedFields(request: HeaderMap): Record<string, string> {
  const named = namedByConnection(request);
  const fields = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(request)) {
    const value = headerValue(request, name);
    if (value === undefined || DECIDED_HERE.has(name) || OVERRIDES.has(name)) continue;
    if (named.has(name) && !CREDENTIALS.includes(name)) continue;
    fields[name] = value;
  }
  return fields;
}

/**
 * The fields of a forwarded request (cache/passthrough/pass): every end-to-end field, a Via with
 * Forebay's member, and Max-Forwards less one where it applies (RFC 9110 section 7.6.2).
 */
export function passedFields(
  method: string,
  request: HeaderMap,
  via: string,
): Record<string, string> {
  const named = namedByConnection(request);
  const fields = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(request)) {
    const value = headerValue(request, name);
    if (value === undefined || OF_ONE_HOP.has(name)) continue;
    if (named.has(name) && !CREDENTIALS.includes(name)) continue;
    fields[name] = value;
  }
  const forwards = fields['max-forwards'];
  if (method === 'OPTIONS' && forwards !== undefined && /^[0-9]{1,9}$/.test(forwards)) {
    fields['max-forwards'] = String(Math.max(0, Number(forwards) - 1));
  }
  const before = headerValue(request, 'via');
  fields['via'] = before === undefined ? via : `${before}, ${via}`;
  return fields;
}

function namedByConnection(request: HeaderMap): ReadonlySet<string> {
  return new Set(tokenMembers(headerValue(request, 'connection')));
}
