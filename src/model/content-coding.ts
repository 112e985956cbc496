/**
 * Content codings of a representation (RFC 9110 section 8.4). Forebay requests identity. If an
 * origin sends another coding, it is stored as it came; a hub's is decoded.
 */
import { tokenMembers } from './field-syntax.js';
import { headerValue, type HeaderMap } from './headers.js';

/** The codings that a response's content has, in the order they were applied; empty for none. */
export function codingOf(headers: HeaderMap): string {
  return tokenMembers(headerValue(headers, 'content-encoding'))
    .filter((name) => name !== 'identity')
    .map((name) => (name.startsWith('x-') ? name.slice(2) : name))
    .join(', ');
}

/** Codings that can be taken off. */
export type Decodable = 'gzip' | 'deflate' | 'br';

const DECODABLE: ReadonlySet<string> = new Set(['gzip', 'deflate', 'br'] satisfies Decodable[]);

/** True for one coding that can be taken off. */
export function isDecodable(coding: string): coding is Decodable {
  return DECODABLE.has(coding);
}
