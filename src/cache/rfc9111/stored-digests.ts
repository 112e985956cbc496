/** What is known about a stored response before its bytes are read. Pure. */
import { type Digest, formatDigest, isRefutedBy } from '../../model/digest.js';
import type { StoredResponse } from '../../model/response.js';

/** True for the statuses whose content a claimed digest speaks of. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** True for statuses about the URL's content; others are about permission or failure. */
export function speaksOfContent(status: number): boolean {
  return status < 400 || status === 404 || status === 410;
}

/**
 * True if the stored object was checked, or is being checked, against `pin`; a digest that was
 * configured later needs a new fetch.
 */
export function isClaimedAs(stored: StoredResponse, pin: Digest | null): boolean {
  if (!isSuccess(stored.status)) return true;
  const { digest, lengthBytes } = stored.object;
  if (isRefutedBy(digest, lengthBytes)) return false;
  if (digest === null || pin === null) return digest === pin;
  return formatDigest(digest) === formatDigest(pin);
}

/** True when chunks of other responses may complete it: it was recorded at its first head. */
export function isJoinable(stored: StoredResponse): boolean {
  return stored.object.uniqueToken === '';
}

/** True when the origin may confirm it for a request that it was not stored for. */
export function isOfferable({ status, headers, object }: StoredResponse): boolean {
  return status === 200 && object.uniqueToken === '' && headers['etag'] !== undefined;
}
