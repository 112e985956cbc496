/**
 * Normalises equivalent spellings of a URI (RFC 3986), and escapes bytes that are not allowed in
 * one. Pure. Used for cache keys (store/objects/keys), routes (http/request/route, hub/target), and
 * URIs in fields. Spellings that a policy treats as equal are in model/path.
 */

/** Characters that may need another spelling. Most URIs have none. */
const UNUSUAL = /[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]|%/;

/**
 * Characters that are neither unreserved nor reserved nor `%` (RFC 3986 section 2): `"<>\^{|}`, the
 * backtick, controls, space and bytes above 0x7e.
 */
const FORBIDDEN = /[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/g;

/** In queries the other characters stay: many clients send `{|}`, and servers expect them so. */
const FORBIDDEN_IN_QUERY = /[^\x21\x23-\x3b\x3d\x3f-\x7e]/g;

const ESCAPE = /%([0-9a-f]{2})/gi;

/** RFC 3986 section 2.3. */
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Returns the canonical spelling of `uri` (RFC 3986 sections 6.2.2.1 and 6.2.2.2): decodes escapes
 * of unreserved characters, writes others with upper-case digits, and escapes characters that are
 * not allowed. `%2B` and `+`, `%2F` and `/`, `//` and `/` stay different, because a server may
 * distinguish them. A `%` that begins no escape stays. Characters above 0x7f are bytes, as in HTTP.
 */
export function canonicalUri(uri: string): string {
  if (!UNUSUAL.test(uri)) return uri;
  return encodeBytes(uri).replace(ESCAPE, (escape, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}

/**
 * Escapes the characters of a request target that are not allowed in it. Valid characters and
 * escapes stay as they are. `target` has bytes as characters (latin1), as in Node's heads, so that
 * unescaped UTF-8 and Latin-1 keep their bytes.
 */
export function encodeTarget(target: string): string {
  if (!UNUSUAL.test(target)) return target;
  const [path, query] = splitTarget(target);
  return encodeBytes(path) + query.replace(FORBIDDEN_IN_QUERY, escapeOf);
}

/**
 * Prepares a URI or reference from a field for a URL parser: escapes bytes above 0x7e, which the
 * parser would take for characters and encode as UTF-8 a second time.
 */
export function fieldUri(value: string): string {
  return value.replace(/[\x7f-\xff]/g, escapeOf);
}

function encodeBytes(text: string): string {
  return text.replace(FORBIDDEN, escapeOf);
}

function escapeOf(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Returns the path and query of an absolute URI, unchanged; `/` if it has no path. */
export function requestTargetOf(uri: string): string {
  const path = uri.indexOf('/', uri.indexOf('://') + 3);
  const query = uri.indexOf('?');
  if (query !== -1 && (path === -1 || query < path)) return `/${uri.slice(query)}`;
  const fragment = uri.indexOf('#');
  return path === -1 ? '/' : uri.slice(path, fragment === -1 ? undefined : fragment);
}

/** Splits a request target into its path and its query, which begins with `?` or is empty. */
export function splitTarget(target: string): readonly [path: string, query: string] {
  const mark = target.indexOf('?');
  return mark === -1 ? [target, ''] : [target.slice(0, mark), target.slice(mark)];
}
