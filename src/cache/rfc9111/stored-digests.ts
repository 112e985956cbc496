/** Properties of a stored response that follow from its record, without its bytes. Pure. */
import { type Digest, formatDigest, isRefutedBy } from '../../model/digest.js';
import type { StoredResponse } from '../../model/response.js';

/** True for the statuses whose content a claimed digest is of. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** True for statuses that describe the URL's content; others are about access or failures. */
export function speaksOfContent(status: number): boolean {
  return status < 400 || status === 404 || status === 410;
}

/**
 * True when the stored object is, or was, checked against `pin`. A response stored before the pin
 * was configured is fetched again.
 */
export function isClaimedAs(stored: StoredResponse, pin: Digest | null): boolean {
  if (!isSuccess(stored.status)) return true;
  const { digest, lengthBytes } = stored.object;
  if (isRefutedBy(digest, lengthBytes)) return false;
  if (digest === null || pin === null) return digest === pin;
  return formatDigest(digest) === formatDigest(pin);
}

/** True when chunks of other responses may complete its object. */
export function isJoinable(stored: StoredResponse): boolean {
  return stored.object.uniqueToken === '';
}

/** True when a 304 may confirm the response for a request that does not select it. */
export function isOfferable({ status, headers, object }: StoredResponse): boolean {
  return status === 200 && object.uniqueToken === '' && headers['etag'] !== undefined;
}
