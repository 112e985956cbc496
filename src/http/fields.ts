/**
 * Hygiene of response fields between the stored response and the client (RFC 9110 section 7.6.1):
 * what belongs to one connection does not travel, what could inject a line is dropped.
 */
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';

/** Fields of one connection, whether or not Connection names them. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** RFC 9110 section 5.5: visible characters, space, tab and obs-text; no CR, LF or NUL. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The end-to-end fields of a stored response that may be written to a client. */
export function endToEndFields(stored: HeaderMap): HeaderMap {
  const named = new Set(
    (headerValue(stored, 'connection') ?? '').split(',').map((name) => name.trim().toLowerCase()),
  );
  const fields = emptyHeaders();
  for (const [name, value] of Object.entries(stored)) {
    if (HOP_BY_HOP.has(name) || named.has(name) || !FIELD_NAME.test(name)) continue;
    if (typeof value === 'string') {
      if (FIELD_VALUE.test(value)) fields[name] = value;
    } else {
      const lines = value.filter((line) => FIELD_VALUE.test(line));
      if (lines.length > 0) fields[name] = lines;
    }
  }
  return fields;
}
