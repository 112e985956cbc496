/**
 * What the configuration pins of a hub's file, and what contradicts it or the file's own digest.
 * Pure; used by hub/decisions and hub/files.
 */
import { type Digest, formatDigest, isRefutedBy } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { StoredResponse } from '../model/response.js';
import type { Upstream } from '../origin/upstream.js';
import { type FileRoute, targetOf } from './file-names.js';

/** A file with the revision of its request. */
export interface NamedFile {
  readonly upstream: Pick<Upstream, 'pinnedDigest'>;
  readonly route: FileRoute;
  /** The name that led to the revision of `route`, which is what the configuration may pin. */
  readonly name?: string;
}

/** The digest that the configuration demands for the file. */
export function pinOf({ upstream, route, name = route.revision }: NamedFile): Digest | null {
  const canonical = targetOf({ ...route, spelled: route.repository }, name);
  return upstream.pinnedDigest(targetOf(route, name)) ?? upstream.pinnedDigest(canonical);
}

/**
 * False for a decision from before the file was pinned, and for a length that cannot have the
 * pinned digest.
 */
export function isOfPin(
  { object: { digest, lengthBytes } }: StoredResponse,
  pin: Digest | null,
): boolean {
  if (isRefutedBy(digest, lengthBytes)) return false;
  return pin === null || (digest !== null && formatDigest(digest) === formatDigest(pin));
}

/** Digests of two kinds cannot be compared: the check of the bytes decides. */
export function contradicts(pin: Digest, claimed: Digest): boolean {
  return pin.algorithm === claimed.algorithm && formatDigest(pin) !== formatDigest(claimed);
}

/** The hub has another file than the pinned one: `origin-corrupt`. */
export function notAsPinned(claimed: Digest): ForebayError {
  const message = `the hub has another file than the pinned one: ${formatDigest(claimed)}`;
  return new ForebayError('origin-corrupt', message, { source: 'origin', retryable: false });
}

/** The digest of nothing for something, or the reverse: `origin-corrupt`. */
export function notOfThatLength(): ForebayError {
  const message = 'the hub claims a length that the digest of the file refutes';
  return new ForebayError('origin-corrupt', message, { source: 'origin', retryable: false });
}
