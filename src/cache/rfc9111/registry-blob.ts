/**
 * Adds a Location to blobs of OCI registries (OCI distribution 1.1, "Pulling blobs"). Most
 * registries redirect clients to storage, and some clients depend on it: Ollama follows the
 * Location of a response, whatever its status, and fails without one. Pure; used by
 * cache/rfc9111/describe.
 */
import { headerValue, type HeaderMap } from '../../model/headers.js';

const BLOB = /^\/v2\/[^?#]{1,512}\/blobs\/(sha256:[0-9a-f]{64})$/;

/**
 * Returns the fields of a blob's 200 with a Location that names the blob itself, relative to the
 * requested URL, so that it is right below any mount. A Location of the origin stays; other
 * responses are returned unchanged.
 */
export function withBlobLocation(uri: string, status: number, headers: HeaderMap): HeaderMap {
  if (status !== 200 || headerValue(headers, 'location') !== undefined) return headers;
  // The origin's base URL may have a path before that of the registry.
  const { pathname } = new URL(uri);
  const [, blob] = BLOB.exec(pathname.slice(Math.max(0, pathname.indexOf('/v2/')))) ?? [];
  if (blob === undefined) return headers;
  return Object.assign(Object.create(null) as HeaderMap, headers, { location: `./${blob}` });
}
