/**
 * Names of manifests and response records: SHA-256 over a serialisation in which no two different
 * inputs look alike. JSON arrays are that: every string is quoted, every position has one meaning.
 */
import { hash } from 'node:crypto';
import { formatDigest } from '../../model/digest.js';
import type { ObjectKey, ResponseKey } from '../../model/ids.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import { canonicalUri } from '../../model/uri.js';

/**
 * The key of an object's manifest. With a claimed digest the digest names the bytes, whatever URL
 * of the origin they come from; without one, the URL, its variant and its validator do. The origin
 * is always part: bytes of a partial object are never shared across origins.
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
  // Named in its own place: no field of an identity without one can be taken for it.
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
          // As an array of its own: no other part of the name looks like it.
          ...('coding' in validator ? [[validator.coding]] : []),
          generation,
          ...place,
        ];
  return sha256(['object', ...name, lengthBytes, chunkSizeBytes]) as ObjectKey;
}

/** The key of a URL's response record, the same for all equivalent spellings. */
export function responseKey(origin: string, uri: string): ResponseKey {
  return sha256(['response', origin, canonicalUri(uri)]) as ResponseKey;
}

function sha256(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'hex');
}
