/**
 * Extracts a file's commit, digest and length from the heads of a HEAD and its redirects; each head
 * may carry a part. Pure; used by hub/decisions and hub/head-client.
 */
import type { Digest } from '../model/digest.js';
import { isRefutedBy, parseDigest } from '../model/digest.js';
import { trimOws } from '../model/field-syntax.js';
import { headerValue } from '../model/headers.js';
import { codingOf } from '../model/content-coding.js';
import type { OriginHead } from '../model/fetch.js';
import { isRedirect } from '../origin/redirect.js';
import { isCommit } from './route.js';

export interface FileFacts {
  readonly commit: string;
  /** The content of the entity-tag: 64 hex digits of a SHA-256, or 40 of a git blob id. */
  readonly tag: string;
  readonly digest: Digest;
  /** `null` when no head carries it: CDNs strip the length from answers to HEAD. */
  readonly lengthBytes: number | null;
  /** True for a file in LFS or Xet: a head has X-Linked-ETag. */
  readonly isLinked: boolean;
  /** The file's hash in Xet, if it is stored there. */
  readonly xetHash: string | undefined;
}

/**
 * Returns the facts in the heads of one HEAD for a file at `revision`, in order; `undefined` when
 * they lack the commit or the digest. The X-Linked fields take precedence, because beside them ETag
 * and Content-Length describe the redirect. A repository manager in front of the hub may omit the
 * commit; then a commit in the request counts.
 */
export function factsOf(heads: readonly OriginHead[], revision: string): FileFacts | undefined {
  const commit = commitOf(heads, revision);
  const linkedTag = firstOf(heads, 'x-linked-etag');
  const linkedSize = firstOf(heads, 'x-linked-size');
  const last = heads.at(-1);
  if (commit === undefined || last === undefined) return undefined;
  const tag = tagOf(linkedTag, last);
  const digest = digestOf(tag);
  if (digest === undefined) return undefined;
  const linkedLength =
    linkedSize !== undefined && /^\d{1,15}$/.test(linkedSize) ? Number(linkedSize) : null;
  const lengthBytes = linkedLength ?? (last.status === 200 ? believedLength(last) : null);
  const xetHash = firstOf(heads, 'x-xet-hash');
  return { commit, tag, digest, lengthBytes, isLinked: linkedTag !== undefined, xetHash };
}

/**
 * Returns the Content-Length of a head, in bytes; `null` when it has none or a wrong one: the
 * length of a content coding, or the 0 that some CDN edges send for a file that is not empty.
 */
export function believedLength(head: OriginHead): number | null {
  if (codingOf(head.headers) !== '') return null;
  const tag = headerValue(head.headers, 'x-linked-etag') ?? headerValue(head.headers, 'etag');
  const digest = digestOf(bareTag(tag ?? '')) ?? null;
  return isRefutedBy(digest, head.contentLength) ? null : head.contentLength;
}

/** Returns the message for a client: which fact the heads lack, and what to do. */
export function missingOf(heads: readonly OriginHead[], revision: string): string {
  const elsewhere = foreignHost(heads.at(-1));
  if (elsewhere !== undefined) {
    return (
      `The hub redirects to ${elsewhere}, which is not one of its hosts: add it to ` +
      'origins[].redirectHosts, or set hub.endpoint to the endpoint that it leads to'
    );
  }
  if (commitOf(heads, revision) === undefined) {
    return (
      `The hub did not send which commit ${JSON.stringify(revision).slice(0, 64)} is (no X-Repo-Commit): ` +
      'request a commit by its 40 digits, or set hub.endpoint to an endpoint that sends it'
    );
  }
  if (digestOf(tagOf(firstOf(heads, 'x-linked-etag'), heads.at(-1))) === undefined) {
    return (
      'The hub did not send a digest of the file: its ETag is neither a SHA-256 nor a git blob id, and ' +
      'there is no X-Linked-ETag; set hub.endpoint to an endpoint that sends one'
    );
  }
  return 'The hub did not send how long the file is';
}

function commitOf(heads: readonly OriginHead[], revision: string): string | undefined {
  const named = firstOf(heads, 'x-repo-commit') ?? null;
  if (isCommit(named)) return named ?? undefined;
  return isCommit(revision) ? revision : undefined;
}

/**
 * Returns the file's tag. Repository managers send checksums in fields of their own, and the plain
 * SHA-1 of the content as ETag, which looks like a git blob id but is not one.
 */
function tagOf(linked: string | undefined, last: OriginHead | undefined): string {
  if (linked !== undefined || last === undefined) return bareTag(linked ?? '');
  const { headers } = last;
  const sha256 = bareTag(headerValue(headers, 'x-checksum-sha256') ?? '');
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  const tag = bareTag(headerValue(headers, 'etag') ?? '');
  return tag === bareTag(headerValue(headers, 'x-checksum-sha1') ?? '') ? '' : tag;
}

/** Parses a hub's entity-tag as a digest. */
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

/** Returns the host of an absolute redirect that was not followed. */
function foreignHost(head: OriginHead | undefined): string | undefined {
  if (head === undefined || !isRedirect(head.status) || 'x-linked-etag' in head.headers) {
    return undefined;
  }
  const location = headerValue(head.headers, 'location') ?? '';
  return URL.canParse(location) ? new URL(location).host : undefined;
}
