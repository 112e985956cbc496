/**
 * Sets the digest fields of an answer: Repr-Digest (RFC 9530) and the older Digest (RFC 3230), with
 * which clients can check the bytes that they assemble. Both cover the whole representation, so
 * they are the same for every range of it. Pure; called by cache/answer/representations.
 */
import type { Digest } from '../../model/digest.js';
import { listMembers, trimOws } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { Generation } from './generation.js';

/** The digest claimed for an object. */
export interface Claim {
  readonly digest: Digest | null;
  /** True when all bytes of the object were verified against `digest`. */
  readonly isVerified: boolean;
}

/** Returns `fields` with the digests that `generation` has verified by now. */
export function withDigests(
  fields: HeaderMap,
  { object, integrity }: Pick<Generation, 'object' | 'integrity'>,
): HeaderMap {
  const { digest } = object.identity;
  return withDigestFields(fields, { digest, isVerified: integrity.state.kind === 'attested' });
}

/**
 * Returns `fields` with Forebay's digests in place of the origin's once the SHA-256 is verified.
 * Before that, keeps the origin's digest fields except those that contradict the claimed digest:
 * the bytes can match only one of the two, so a client that checks both would reject them.
 */
export function withDigestFields(fields: HeaderMap, { digest, isVerified }: Claim): HeaderMap {
  if (digest?.algorithm !== 'sha256') return fields;
  const base64 = Buffer.from(digest.hex, 'hex').toString('base64');
  if (isVerified) {
    const verified = copyOf(fields);
    verified['repr-digest'] = `sha-256=:${base64}:`;
    verified['digest'] = `SHA-256=${base64}`;
    return verified;
  }
  const contradicting = ['repr-digest', 'digest'].filter((name) =>
    contradicts(headerValue(fields, name), base64),
  );
  if (contradicting.length === 0) return fields;
  const kept = copyOf(fields);
  for (const name of contradicting) Reflect.deleteProperty(kept, name);
  return kept;
}

/** A SHA-256 member of either field's list: `sha-256=:BASE64:` or `SHA-256=BASE64`. */
const SHA256_MEMBER = /^sha-256=:?([^:;]*):?/i;

function contradicts(field: string | undefined, base64: string): boolean {
  for (const member of listMembers(field ?? '')) {
    const value = SHA256_MEMBER.exec(member)?.[1];
    if (value !== undefined && trimOws(value) !== base64) return true;
  }
  return false;
}

function copyOf(fields: HeaderMap): HeaderMap {
  return Object.assign(emptyHeaders(), fields);
}
