/**
 * Turns the head of a final response into its stored form: the response of a complete
 * representation, the object that holds its bytes, and whether other requests may use it. Used by
 * cache/fetch/origin-fetch.
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

/** A request and its response: all that decides about storing, except the bytes. */
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
  /** False: what its validator names is this answer alone (cache/object/unsteady). */
  readonly isSteady: boolean;
  /** The URL was changed or purged after this request began. */
  readonly outdated: boolean;
}

export interface Description {
  /** As it may be stored, and as others get it. */
  readonly stored: StoredResponse;
  /** Its fields for the request that it answers. */
  readonly received: HeaderMap;
  /** False: it is its asker's alone. */
  readonly shareable: boolean;
}

/** The response as stored: a 206 as its 200, without what one transfer needed. */
export function describeResponse(described: Described): Description {
  const { head, times, request, lengthBytes, chain } = described;
  const { hops, place } = chain;
  const status = head.status === 206 ? 200 : head.status;
  const received = withBlobLocation(described.uri, status, endToEnd(head.status, head.headers));
  const shareable = !described.outdated && mayStore(request, { status, headers: received, hops });
  const headers = shareable ? forOthers(received) : received;
  const requestHeaders = variantFields(request, { headers, hops }, described.tag);
  // The origin's own Date: one that Forebay added makes no validator strong.
  const validator = validatorOf(head.headers);
  const digest = isSuccess(status) ? described.digest : null;
  // Only a complete answer of a known length may be joined with others, by its strong validator.
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

/** A response that may not be stored is not shared either, not even while it arrives. */
function unshared(stored: StoredResponse): StoredResponse {
  return { ...stored, object: { ...stored.object, uniqueToken: newToken() } };
}

function newToken(): string {
  return randomBytes(16).toString('hex');
}
