/** Selects the client's request fields that the origin gets (RFC 9110 section 7.6.1). Pure. */
import { tokenMembers } from '../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { DECIDED_HERE, OF_ONE_HOP } from '../model/hop-by-hop.js';
import { CREDENTIALS } from './request-fields.js';

/**
 * Fields that make some servers answer a different request: another method, path, host or scheme.
 * The cache would store that response under this URL and serve it to every client.
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
 * Returns the fields of a fetch: every end-to-end field except those that Connection names,
 * `OVERRIDES`, and the fields that Forebay sets itself. Credentials stay even where Connection
 * names them, so that a client cannot strip them.
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
 * Returns the fields of a request that is passed through (cache/passthrough/pass): every end-to-end
 * field, Via with the member `via` appended, and Max-Forwards decremented for OPTIONS (RFC 9110
 * section 7.6.2).
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
