/**
 * The forms of a request target (RFC 9112 section 3.2). Pure; http/request/screen judges what this
 * reads, and http/exchange/context takes the host from it.
 */

export type RequestTarget =
  /** A path and a query, `*`, or something malformed, which http/request/route refuses. */
  | { readonly kind: 'origin'; readonly target: string }
  /**
   * With a scheme and an authority, as clients write to a proxy. `target` is in origin-form; `*`
   * for an OPTIONS without a path (section 3.2.4).
   */
  | { readonly kind: 'absolute'; readonly authority: string; readonly target: string };

/** Schemes are case-insensitive. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

/** Reads the target of a request as it came. */
export function readTarget(method: string, url: string): RequestTarget {
  const match = url.startsWith('/') ? null : ABSOLUTE.exec(url);
  if (match === null) return { kind: 'origin', target: url };
  const [begin, authority = ''] = match;
  const rest = url.slice(begin.length);
  if (rest.startsWith('/')) return { kind: 'absolute', authority, target: rest };
  const target = rest === '' && method === 'OPTIONS' ? '*' : `/${rest}`;
  return { kind: 'absolute', authority, target };
}
