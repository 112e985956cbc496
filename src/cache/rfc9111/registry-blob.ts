/**
 * Blobs of OCI registries (OCI distribution 1.1, "Pulling blobs"), whose clients are redirected to
 * storage by most registries. Some know no other way: Ollama takes the Location of the answer,
 * whatever its status, and fails where there is none. Pure; used by cache/rfc9111/describe.
 */
import { headerValue, type HeaderMap } from '../../model/headers.js';

const BLOB = /^\/v2\/[^?#]{1,512}\/blobs\/(sha256:[0-9a-f]{64})$/;

/**
 * The fields of a blob's 200 with a Location: itself, relative to the URL that was asked for,
 * whatever Forebay's mount is. One of the origin's own stays; other answers are as they were.
 */
export function withBlobLocation(uri: string, status: number, headers: HeaderMap): HeaderMap {
  if (status !== 200 || headerValue(headers, 'location') !== undefined) return headers;
  // The origin's base URL may have a path before that of the registry.
  const { pathname } = new URL(uri);
  const [, blob] = BLOB.exec(pathname.slice(Math.max(0, pathname.indexOf('/v2/')))) ?? [];
  if (blob === undefined) return headers;
  return Object.assign(Object.create(null) as HeaderMap, headers, { location: `./${blob}` });
}
