/**
 * The forms of a request target (RFC 9112 section 3.2). Pure; http/request/screen judges what this
 * reads, and http/exchange/context takes the host from it.
 */

export type RequestTarget =
  /** A path and a query, `*`, or what is none of these: for http/request/route to judge. */
  | { readonly kind: 'origin'; readonly target: string }
  /**
   * With a scheme and an authority, as clients write to a proxy. `target` is in origin-form; `*`
   * for an OPTIONS that asks of the server (section 3.2.4).
   */
  | { readonly kind: 'absolute'; readonly authority: string; readonly target: string };

/** Of what is asked for by http: schemes have no case. */
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
