/**
 * Equivalent spellings of a URI (RFC 3986), and the escaping of bytes that a URI may not contain.
 * Pure. Used for keys of the cache (store/objects/keys), routes (http/request/route, hub/target),
 * and URIs in fields; equivalence for policies is in model/path.
 */

/** Whatever may need another spelling: mostly nothing does. */
const UNUSUAL = /[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]|%/;

/**
 * Neither unreserved nor reserved nor `%` (RFC 3986 section 2): `"<>\^{|}`, the backtick, controls
 * and space.
 */
const FORBIDDEN = /[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/g;

/** Servers read queries as they like, and many clients send `{|}` in them: these stay. */
const FORBIDDEN_IN_QUERY = /[^\x21\x23-\x3b\x3d\x3f-\x7e]/g;

const ESCAPE = /%([0-9a-f]{2})/gi;

/** RFC 3986 section 2.3. */
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * The canonical spelling of `uri` (RFC 3986 sections 6.2.2.1 and 6.2.2.2): escapes of unreserved
 * characters are decoded, others have upper-case digits, and bytes that a URI may not contain are
 * escaped. `%2B` and `+`, `%2F` and `/`, `//` and `/` stay different, as a server may distinguish
 * them. A `%` that begins no escape stays. Characters above 0x7f are bytes, as in HTTP.
 */
export function canonicalUri(uri: string): string {
  if (!UNUSUAL.test(uri)) return uri;
  return encodeBytes(uri).replace(ESCAPE, (escape, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}

/**
 * A request target with its invalid bytes escaped, once; valid bytes and escapes stay. `target`:
 * bytes as characters (latin1), as Node gives heads, so that unescaped UTF-8 and Latin-1 keep their
 * bytes.
 */
export function encodeTarget(target: string): string {
  if (!UNUSUAL.test(target)) return target;
  const [path, query] = splitTarget(target);
  return encodeBytes(path) + query.replace(FORBIDDEN_IN_QUERY, escapeOf);
}

/**
 * Prepares a URI from a field for a URL parser, which takes bytes above 0x7f for characters and
 * would encode UTF-8 twice.
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

/** The path and the query of an absolute URI, unchanged; `/` if it has none. */
export function requestTargetOf(uri: string): string {
  const at = uri.indexOf('/', uri.indexOf('://') + 3);
  const query = uri.indexOf('?');
  if (query !== -1 && (at === -1 || query < at)) return `/${uri.slice(query)}`;
  const fragment = uri.indexOf('#');
  return at === -1 ? '/' : uri.slice(at, fragment === -1 ? undefined : fragment);
}

/** The path of a request target, and its query with the `?`. */
export function splitTarget(target: string): readonly [path: string, query: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at)];
}
