/**
 * Content codings of a representation (RFC 9110 section 8.4). Forebay requests identity. If another
 * coding comes, a response of a plain origin is kept as it came, and one of a hub is decoded.
 */
import { tokenMembers } from './field-syntax.js';
import { headerValue, type HeaderMap } from './headers.js';

/** Returns the codings of a response's content, in the order they were applied; empty for none. */
export function codingOf(headers: HeaderMap): string {
  return tokenMembers(headerValue(headers, 'content-encoding'))
    .filter((name) => name !== 'identity')
    .map((name) => (name.startsWith('x-') ? name.slice(2) : name))
    .join(', ');
}

/** Codings that Forebay can decode. */
export type Decodable = 'gzip' | 'deflate' | 'br';

const DECODABLE: ReadonlySet<string> = new Set(['gzip', 'deflate', 'br'] satisfies Decodable[]);

/** True for a single coding that Forebay can decode. */
export function isDecodable(coding: string): coding is Decodable {
  return DECODABLE.has(coding);
}
