/**
 * Makes a stored response from the head of a final response: the response of the complete
 * representation, the identity of the object that holds its bytes, and whether other requests may
 * share it. Used by cache/fetch/origin-fetch.
 */
import { randomBytes } from 'node:crypto';
import type { Digest } from '../../model/digest.js';
import type { OriginHead } from '../../model/fetch.js';
import type { HeaderMap } from '../../model/headers.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import type { RedirectChain } from '../../model/redirect-chain.js';
import type { StoredKind, StoredResponse, ResponseTimes } from '../../model/response.js';
import { isStrong, validatorOf } from '../../model/validator.js';
import { endToEnd, forOthers, isOfUse, mayStore } from './policy.js';
import { withBlobLocation } from './registry-blob.js';
import { type FieldTag, variantFields, variantName } from './select.js';
import { isSuccess } from './stored-digests.js';

/** The request and the response head: everything that decides about a response but its bytes. */
export interface Described {
  readonly kind: StoredKind;
  readonly origin: string;
  readonly uri: string;
  readonly request: HeaderMap;
  readonly tag: FieldTag;
  readonly head: OriginHead;
  readonly times: ResponseTimes;
  /** Complete length of the representation; `null` while unknown. */
  readonly lengthBytes: number | null;
  readonly chunkSizeBytes: number;
  /** The digest claimed for the URL's content. */
  readonly digest: Digest | null;
  /** The redirects that led to it. */
  readonly chain: RedirectChain;
  /** False when the URL's validator changes with each response (cache/object/unsteady). */
  readonly isSteady: boolean;
  /** True when the URL was invalidated or purged since the request was sent. */
  readonly outdated: boolean;
}

export interface Description {
  /** The response as it is stored and sent for other requests. */
  readonly stored: StoredResponse;
  /** The response's fields for the request that fetched it. */
  readonly received: HeaderMap;
  /** False when the response answers no request but its own. */
  readonly shareable: boolean;
}

/** Describes a final response: a 206 becomes its 200, without the fields of one transfer. */
export function describeResponse(described: Described): Description {
  const { head, times, request, lengthBytes, chain } = described;
  const { hops, place } = chain;
  const status = head.status === 206 ? 200 : head.status;
  const received = withBlobLocation(described.uri, status, endToEnd(head.status, head.headers));
  const shareable = !described.outdated && mayStore(request, { status, headers: received, hops });
  const headers = shareable ? forOthers(received) : received;
  const requestHeaders = variantFields(request, { headers, hops }, described.tag);
  // From the origin's own fields: fields that Forebay adds must not make a validator strong.
  const validator = validatorOf(head.headers);
  const digest = isSuccess(status) ? described.digest : null;
  // Chunks of several responses are joined only by a strong validator and a known length.
  const isNamed = lengthBytes !== null && isStrong(validator) && described.isSteady;
  const joinable = shareable && status === 200 && isNamed;
  const object: ObjectIdentity = {
    origin: described.origin,
    uri: described.uri,
    variant: variantName(requestHeaders),
    validator,
    uniqueToken: joinable ? '' : newToken(),
    lengthBytes,
    chunkSizeBytes: described.chunkSizeBytes,
    digest,
    ...(place !== '' && digest === null && { place }),
  };
  const stored = { kind: described.kind, status, headers, requestHeaders, ...times, hops, object };
  const kept = shareable && isOfUse(stored);
  return { stored: kept ? stored : unshared(stored), received, shareable: kept };
}

/** Gives `stored` an object of its own, which no other request joins, even while in flight. */
function unshared(stored: StoredResponse): StoredResponse {
  return { ...stored, object: { ...stored.object, uniqueToken: newToken() } };
}

function newToken(): string {
  return randomBytes(16).toString('hex');
}
