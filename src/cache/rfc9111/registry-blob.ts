/**
 * Blobs of OCI registries (OCI distribution 1.1, "Pulling blobs"). Most registries redirect to
 * storage, and some clients depend on it: Ollama reads the Location of any response and fails
 * without one. Pure; used by cache/rfc9111/describe.
 */
import { headerValue, type HeaderMap } from '../../model/headers.js';

const BLOB = /^\/v2\/[^?#]{1,512}\/blobs\/(sha256:[0-9a-f]{64})$/;

/**
 * Adds a Location to the 200 of a blob: its own URL, in relative form, so that it is right below
 * any mount. An origin's own Location stays; other responses are unchanged.
 */
export function withBlobLocation(uri: string, status: number, headers: HeaderMap): HeaderMap {
  if (status !== 200 || headerValue(headers, 'location') !== undefined) return headers;
  // The origin's base URL may have a path before that of the registry.
  const { pathname } = new URL(uri);
  const [, blob] = BLOB.exec(pathname.slice(Math.max(0, pathname.indexOf('/v2/')))) ?? [];
  if (blob === undefined) return headers;
  return Object.assign(Object.create(null) as HeaderMap, headers, { location: `./${blob}` });
}
