/** Which of a client's request fields travel to the origin (RFC 9110 section 7.6.1). Pure. */
import { headerValue, type HeaderMap } from '../model/headers.js';
import { TRACE_FIELDS } from '../model/trace-context.js';

/**
 * Never forwarded: hop-by-hop fields, and those that Forebay decides by itself, because one fetch
 * serves many clients (ranges, conditions, codings) or because they concern this connection.
 */
const OURS = new Set([
  'accept-encoding',
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

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

/** Fields without which the origin would answer somebody else. */
const CREDENTIALS = ['authorization', 'cookie'];

/**
 * The fields to send. `all`: every end-to-end field except those that Connection names, overrides
 * and ours;
 * a list: credentials, the trace that it belongs to, and the listed ones. A client cannot use Connection to strip its credentials.
 */
export function forwardedFields(
  request: HeaderMap,
  which: 'all' | readonly string[],
): Record<string, string> {
  const named = new Set(
    (headerValue(request, 'connection') ?? '').split(',').map((name) => name.trim().toLowerCase()),
  );
  const wanted =
    which === 'all' ? Object.keys(request) : [...CREDENTIALS, ...TRACE_FIELDS, ...which];
  const fields = Object.create(null) as Record<string, string>;
  for (const name of wanted) {
    const value = headerValue(request, name);
    if (value === undefined || OURS.has(name) || OVERRIDES.has(name)) continue;
    if (named.has(name) && !CREDENTIALS.includes(name)) continue;
    fields[name] = value;
  }
  return fields;
}
