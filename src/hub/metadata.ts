/**
 * A hub's facts about one file: its commit, its digest, its length. A HEAD may lead through
 * redirects, and each head has a part of the facts. Pure.
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
  /** `null` if no head has it: CDNs strip HEAD's length. */
  readonly lengthBytes: number | null;
  /** True if it is kept in LFS or Xet: the hub's redirect has its digest and size. */
  readonly isLinked: boolean;
  /** Its Xet hash, if it is there. */
  readonly xetHash: string | undefined;
}

/**
 * Reads the heads of one HEAD for a file at `revision`, first to last; `undefined` if they do not
 * identify a file of a repository. If the linked ETag and length are present, a redirect's own are
 * ignored. A repository manager in front of the hub may omit the commit: a requested commit is
 * assumed then.
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
  const linked =
    linkedSize !== undefined && /^\d{1,15}$/.test(linkedSize) ? Number(linkedSize) : null;
  const lengthBytes = linked ?? (last.status === 200 ? believedLength(last) : null);
  const xetHash = firstOf(heads, 'x-xet-hash');
  return { commit, tag, digest, lengthBytes, isLinked: linkedTag !== undefined, xetHash };
}

/**
 * The length in a file's head; `null` if there is no credible one: a coded form has another length,
 * and an edge that lost it sends 0.
 */
export function believedLength(head: OriginHead): number | null {
  if (codingOf(head.headers) !== '') return null;
  const tag = headerValue(head.headers, 'x-linked-etag') ?? headerValue(head.headers, 'etag');
  const digest = digestOf(bareTag(tag ?? '')) ?? null;
  return isRefutedBy(digest, head.contentLength) ? null : head.contentLength;
}

/** Why the heads do not identify the file, and what to do: a message for the client. */
export function missingOf(heads: readonly OriginHead[], revision: string): string {
  const elsewhere = foreignHost(heads.at(-1));
  if (elsewhere !== undefined) {
    return (
      `The hub redirects to ${elsewhere}, which is not one of its hosts: add it to ` +
      'origins[].redirectHosts, or set the endpoint that it leads to (hub.endpoint)'
    );
  }
  if (commitOf(heads, revision) === undefined) {
    return (
      `The hub did not say which commit ${JSON.stringify(revision).slice(0, 64)} is (no X-Repo-Commit): ` +
      'ask for a commit by its 40 digits, or set an endpoint that says it (hub.endpoint)'
    );
  }
  if (digestOf(tagOf(firstOf(heads, 'x-linked-etag'), heads.at(-1))) === undefined) {
    return (
      'The hub did not say what the file is: its ETag is neither a SHA-256 nor a git blob id, and there ' +
      'is no X-Linked-ETag; set an endpoint that says it (hub.endpoint)'
    );
  }
  return 'The hub did not say how long the file is';
}

function commitOf(heads: readonly OriginHead[], revision: string): string | undefined {
  const commit = firstOf(heads, 'x-repo-commit') ?? null;
  if (isCommit(commit)) return commit ?? undefined;
  return isCommit(revision) ? revision : undefined;
}

/**
 * The tag of the file. Repository managers have checksums of the content in fields of their own,
 * and its plain SHA-1 as ETag, which looks like a git blob id and is none.
 */
function tagOf(linked: string | undefined, last: OriginHead | undefined): string {
  if (linked !== undefined || last === undefined) return bareTag(linked ?? '');
  const { headers } = last;
  const sha256 = bareTag(headerValue(headers, 'x-checksum-sha256') ?? '');
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  const tag = bareTag(headerValue(headers, 'etag') ?? '');
  return tag === bareTag(headerValue(headers, 'x-checksum-sha1') ?? '') ? '' : tag;
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

/** The host of an absolute redirect that was not followed. */
function foreignHost(head: OriginHead | undefined): string | undefined {
  if (head === undefined || !isRedirect(head.status) || 'x-linked-etag' in head.headers) {
    return undefined;
  }
  const location = headerValue(head.headers, 'location') ?? '';
  return URL.canParse(location) ? new URL(location).host : undefined;
}
