/**
 * Hygiene of response fields between the stored response and the client (RFC 9110 section 7.6.1):
 * what belongs to one connection does not travel, what could inject a line is dropped.
 */
import { isFieldValue, isToken, tokenMembers } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import { HOP_BY_HOP } from '../../model/hop-by-hop.js';

/** The end-to-end fields of a stored response that may be written to a client. */
export function endToEndFields(stored: HeaderMap): HeaderMap {
  const named = new Set(tokenMembers(headerValue(stored, 'connection')));
  const fields = emptyHeaders();
  for (const [name, value] of Object.entries(stored)) {
    if (HOP_BY_HOP.has(name) || named.has(name) || !isToken(name)) continue;
    if (typeof value === 'string') {
      if (isFieldValue(value)) fields[name] = value;
    } else {
      const lines = value.filter(isFieldValue);
      if (lines.length > 0) fields[name] = lines;
    }
  }
  return fields;
}
