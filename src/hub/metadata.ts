/**
 * What the heads of a hub say of one file: its commit, its digest, its length. A HEAD may lead through
 * redirects; each of its heads tells a part. Pure.
 */
import type { Digest } from '../model/digest.js';
import { parseDigest } from '../model/digest.js';
import { trimOws } from '../model/field-syntax.js';
import { headerValue } from '../model/headers.js';
import type { OriginHead } from '../model/fetch.js';

export interface FileFacts {
  readonly commit: string;
  /** The content of the entity-tag: 64 hex digits of a SHA-256, or 40 of a git blob id. */
  readonly tag: string;
  readonly digest: Digest;
  /** `null` where no head told it: CDNs strip HEAD's length. */
  readonly lengthBytes: number | null;
  /** It is kept in LFS or Xet: the hub told its digest and size beside a redirect. */
  readonly isLinked: boolean;
  /** What Xet calls it, where it is there. */
  readonly xetHash: string | undefined;
}

/**
 * Reads the heads of one HEAD, first to last; `undefined` when they do not say what a file of a
 * repository is. A redirect's own ETag and length are of the redirect where the linked ones are told.
 */
export function factsOf(heads: readonly OriginHead[]): FileFacts | undefined {
  const commit = firstOf(heads, 'x-repo-commit');
  const linkedTag = firstOf(heads, 'x-linked-etag');
  const linkedSize = firstOf(heads, 'x-linked-size');
  const last = heads.at(-1);
  if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit) || last === undefined) {
    return undefined;
  }
  const tag = bareTag(linkedTag ?? headerValue(last.headers, 'etag') ?? '');
  const digest = digestOf(tag);
  if (digest === undefined) return undefined;
  const told =
    linkedSize !== undefined && /^\d{1,15}$/.test(linkedSize) ? Number(linkedSize) : null;
  const lengthBytes = told ?? (last.status === 200 ? last.contentLength : null);
  const xetHash = firstOf(heads, 'x-xet-hash');
  return { commit, tag, digest, lengthBytes, isLinked: linkedTag !== undefined, xetHash };
}

/** The digest that an entity-tag of a hub is. */
function digestOf(tag: string): Digest | undefined {
  return parseDigest(`${tag.length === 40 ? 'git-sha1' : 'sha256'}:${tag}`);
}

function bareTag(field: string): string {
  return /^(?:W\/)?"?([^"]*)"?$/.exec(trimOws(field))?.[1]?.toLowerCase() ?? '';
}

function firstOf(heads: readonly OriginHead[], name: string): string | undefined {
  for (const { headers } of heads) {
    const value = headerValue(headers, name);
    if (value !== undefined) return value;
  }
  return undefined;
}
