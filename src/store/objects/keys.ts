/**
 * Names of manifests and response records: SHA-256 over a JSON array. Different inputs never have
 * the same serialisation: JSON quotes every string, and every position has one meaning.
 */
import { hash } from 'node:crypto';
import { formatDigest } from '../../model/digest.js';
import type { ObjectKey, ResponseKey } from '../../model/ids.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import { canonicalUri } from '../../model/uri.js';

/**
 * Returns the key of an object's manifest. A claimed digest names the bytes, whichever URL of the
 * origin they come from; without one, the URL, its variant and its validator do. The origin is
 * always included: bytes of a partial object are never shared across origins.
 */
export function objectKey(identity: ObjectIdentity): ObjectKey {
  const {
    origin,
    uri,
    variant,
    validator,
    uniqueToken: generation,
    lengthBytes,
    chunkSizeBytes,
  } = identity;
  // An object, so that no field of an identity without a place serialises alike.
  const place = identity.place === undefined ? [] : [{ place: identity.place }];
  const name =
    identity.digest !== null
      ? ['digest', origin, formatDigest(identity.digest)]
      : [
          'uri',
          origin,
          canonicalUri(uri),
          variant,
          validator.kind,
          ...('value' in validator ? [validator.strong, validator.value] : []),
          // An array, so that no other part of the name serialises alike.
          ...('coding' in validator ? [[validator.coding]] : []),
          generation,
          ...place,
        ];
  return sha256(['object', ...name, lengthBytes, chunkSizeBytes]) as ObjectKey;
}

/** Returns the key of a URL's response record; equivalent spellings of the URL have one key. */
export function responseKey(origin: string, uri: string): ResponseKey {
  return sha256(['response', origin, canonicalUri(uri)]) as ResponseKey;
}

function sha256(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex');
}
