/**
 * The digest fields of a response: Repr-Digest (RFC 9530) and the older Digest (RFC 3230), by which
 * clients check the bytes that they have combined. Both cover the whole representation, so every
 * range has the same. Pure; used by cache/answer/representations.
 */
import type { Digest } from '../../model/digest.js';
import { listMembers, trimOws } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { Generation } from './generation.js';

/** The claimed digest of an object, and whether all of its bytes were verified against it. */
export interface Claim {
  readonly digest: Digest | null;
  readonly isVerified: boolean;
}

/** `fields` with the digests that `generation` can vouch for now. */
export function withDigests(
  fields: HeaderMap,
  { object, integrity }: Pick<Generation, 'object' | 'integrity'>,
): HeaderMap {
  const { digest } = object.identity;
  return withDigestFields(fields, { digest, isVerified: integrity.state.kind === 'attested' });
}

/**
 * Replaces the origin's digest fields by Forebay's once SHA-256 is verified. Until then the
 * origin's stay, except those that contradict the claimed digest: whichever is wrong, no client
 * could keep the bytes.
 */
export function withDigestFields(fields: HeaderMap, { digest, isVerified }: Claim): HeaderMap {
  if (digest?.algorithm !== 'sha256') return fields;
  const base64 = Buffer.from(digest.hex, 'hex').toString('base64');
  if (isVerified) {
    const result = copyOf(fields);
    result['repr-digest'] = `sha-256=:${base64}:`;
    result['digest'] = `SHA-256=${base64}`;
    return result;
  }
  const wrong = ['repr-digest', 'digest'].filter((name) =>
    contradicts(headerValue(fields, name), base64),
  );
  if (wrong.length === 0) return fields;
  const kept = copyOf(fields);
  for (const name of wrong) Reflect.deleteProperty(kept, name);
  return kept;
}

/**
 * A SHA-256 in either field: `sha-256=:BASE64:` or `SHA-256=BASE64`, in a list separated by commas.
 */
const SHA256_MEMBER = /^sha-256=:?([^:;]*):?/i;

function contradicts(value: string | undefined, base64: string): boolean {
  for (const member of listMembers(value ?? '')) {
    const value = SHA256_MEMBER.exec(member)?.[1];
    if (value !== undefined && trimOws(value) !== base64) return true;
  }
  return false;
}

function copyOf(fields: HeaderMap): HeaderMap {
  return Object.assign(emptyHeaders(), fields);
}
