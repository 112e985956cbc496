/** Object identities as JSON, for manifests and response records. */
import { isChunkSize } from '../../model/chunk.js';
import { parseDigest } from '../../model/digest.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import type { Validator } from '../../model/validator.js';
import { isFieldTag } from '../directory/cache-key.js';

/** Checks the shape of a parsed identity; returns `undefined` when it is wrong. Never throws. */
export function parseIdentity(value: unknown): ObjectIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const { origin, uri, variant, generation, lengthBytes, chunkSizeBytes } = fields;
  if (typeof origin !== 'string' || typeof uri !== 'string') return undefined;
  if (typeof variant !== 'string' || typeof generation !== 'string') return undefined;
  if (!isTagged(variant)) return undefined;
  if (typeof chunkSizeBytes !== 'number' || !isChunkSize(chunkSizeBytes)) return undefined;
  if (lengthBytes !== null && !isLength(lengthBytes)) return undefined;
  const { place } = fields;
  if (place !== undefined && typeof place !== 'string') return undefined;
  const validator = parseValidator(fields['validator']);
  const digest = parseDigestObject(fields['digest']);
  if (validator === undefined || digest === undefined) return undefined;
  const known = {
    origin,
    uri,
    variant,
    validator,
    uniqueToken: generation,
    lengthBytes,
    chunkSizeBytes,
    digest,
  };
  return place === undefined ? known : { ...known, place };
}

/** Returns the JSON value that `parseIdentity` reads (docs/ON_DISK_FORMAT.md, Manifests). */
export function identityJson({ uniqueToken, ...identity }: ObjectIdentity): object {
  const { lengthBytes, chunkSizeBytes, digest, ...name } = identity;
  return { ...name, generation: uniqueToken, lengthBytes, chunkSizeBytes, digest };
}

/** False for variants of older versions: they have raw field values, perhaps tokens or cookies. */
function isTagged(variant: string): boolean {
  if (variant === '') return true;
  try {
    const fields = JSON.parse(variant) as unknown;
    return Array.isArray(fields) && fields.every((field) => isTaggedField(field));
  } catch {
    return false;
  }
}

function isTaggedField(field: unknown): boolean {
  return Array.isArray(field) && typeof field[1] === 'string' && isFieldTag(field[1]);
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseValidator(value: unknown): Validator | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, strong, value: text, coding } = value as Record<string, unknown>;
  if (kind === 'none' || kind === 'digest') return { kind };
  if (kind !== 'etag' && kind !== 'last-modified') return undefined;
  if (typeof strong !== 'boolean' || typeof text !== 'string') return undefined;
  if (coding === undefined) return { kind, strong, value: text };
  return typeof coding === 'string' ? { kind, strong, value: text, coding } : undefined;
}

function parseDigestObject(value: unknown): ObjectIdentity['digest'] | undefined {
  if (value === null) return null;
  if (typeof value !== 'object') return undefined;
  const { algorithm, hex } = value as Record<string, unknown>;
  if (typeof algorithm !== 'string' || typeof hex !== 'string') return undefined;
  return parseDigest(`${algorithm}:${hex}`);
}
