/**
 * Finds the digest that the configuration pins for a hub's file, and compares it with the hub's
 * digest and length. Pure; used by hub/decisions and hub/files.
 */
import { type Digest, formatDigest, isRefutedBy } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { StoredResponse } from '../model/response.js';
import type { Upstream } from '../origin/upstream.js';
import { type FileRoute, targetOf } from './file-names.js';

/** A file at a requested revision. */
export interface NamedFile {
  readonly upstream: Pick<Upstream, 'pinnedDigest'>;
  readonly route: FileRoute;
  /** The branch or tag that resolved to the revision of `route`: the configuration may pin it. */
  readonly name?: string;
}

/** Returns the digest that the configuration requires of the file. */
export function pinOf({ upstream, route, name = route.revision }: NamedFile): Digest | null {
  const canonical = targetOf({ ...route, spelled: route.repository }, name);
  return upstream.pinnedDigest(targetOf(route, name)) ?? upstream.pinnedDigest(canonical);
}

/** False when the stored decision predates the pin, or its length contradicts its digest. */
export function isOfPin(
  { object: { digest, lengthBytes } }: StoredResponse,
  pin: Digest | null,
): boolean {
  if (isRefutedBy(digest, lengthBytes)) return false;
  return pin === null || (digest !== null && formatDigest(digest) === formatDigest(pin));
}

/**
 * True when the hub's digest differs from the pin. Digests of two algorithms cannot be compared;
 * then the verification of the bytes decides.
 */
export function contradicts(pin: Digest, actual: Digest): boolean {
  return pin.algorithm === actual.algorithm && formatDigest(pin) !== formatDigest(actual);
}

/** Returns the `origin-corrupt` error of a hub whose file is not the pinned one. */
export function notAsPinned(actual: Digest): ForebayError {
  const message = `the hub has another file than the pinned one: ${formatDigest(actual)}`;
  return new ForebayError('origin-corrupt', message, { source: 'origin', retryable: false });
}

/**
 * Returns the `origin-corrupt` error for a non-empty file with the digest of an empty one, or the
 * reverse.
 */
export function notOfThatLength(): ForebayError {
  const message = "the hub sent a length that contradicts the file's digest";
  return new ForebayError('origin-corrupt', message, { source: 'origin', retryable: false });
}
