/** What a request with an unsafe method makes invalid (RFC 9111 section 4.4). Pure; Cache asks it. */
import { headerValue, type HeaderMap } from '../model/headers.js';

/**
 * The URIs to forget after `response` to an unsafe request for `targetUri`: its own, and those that
 * Location and Content-Location name on the same origin. None after an error.
 */
export function invalidatedUris(
  targetUri: string,
  response: { readonly status: number; readonly headers: HeaderMap },
): readonly string[] {
  if (response.status < 200 || response.status > 399) return [];
  const uris = new Set([targetUri]);
  for (const name of ['location', 'content-location']) {
    const reference = headerValue(response.headers, name);
    if (reference === undefined || !URL.canParse(reference, targetUri)) continue;
    const uri = new URL(reference, targetUri);
    uri.hash = '';
    if (uri.origin === new URL(targetUri).origin) uris.add(uri.href);
  }
  return [...uris];
}
