/** Reads Vary (RFC 9110 section 12.5.5). Pure; used by the rooms `origin` and `cache`. */
import { tokenMembers } from './field-syntax.js';
import { headerValue, type HeaderMap } from './headers.js';

/** Returns the fields that Vary names, each once, in lower case; `any` for `*`. */
export function namedByVary(headers: HeaderMap): readonly string[] | 'any' {
  const names = new Set(tokenMembers(headerValue(headers, 'vary')));
  // Every fetch requests identity, so the client's Accept-Encoding selected nothing.
  names.delete('accept-encoding');
  return names.has('*') ? 'any' : [...names];
}
