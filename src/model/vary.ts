/** Reads Vary (RFC 9110 section 12.5.5). Pure; used by the rooms `origin` and `cache`. */
import { headerValue, type HeaderMap } from './headers.js';

/** The fields that Vary names, lower case; `any` for `*`. */
export function namedByVary(headers: HeaderMap): readonly string[] | 'any' {
  const names = (headerValue(headers, 'vary') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  // Every fetch asks for identity, so what Accept-Encoding said to us selected nothing.
  return names.includes('*') ? 'any' : names.filter((name) => name !== 'accept-encoding');
}
