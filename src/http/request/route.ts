/**
 * Maps a request-target to a configured origin and the path below its mount. Pure; used by
 * http/request/screen. Targets that two servers could read differently are refused here, before a
 * cache key is made.
 */
import { isTreacherous } from '../../model/path.js';
import { canonicalUri, encodeTarget, splitTarget } from '../../model/uri.js';

/** A configured origin and where clients find it. Every `OriginConfig` is one. */
export interface Mount {
  readonly name: string;
  /** `/`, or `/a/b` without a slash at the end. */
  readonly mount: string;
  /** Whether methods other than GET and HEAD are passed on; absent: they are not. */
  readonly passMethods?: boolean;
  /** Origins of pages in browsers that may read it; absent: none. */
  readonly cors?: readonly string[];
  /** Whether requests to the origin carry credentials of the operator's; absent: they do not. */
  readonly isLent?: boolean;
  /** Whether it is a hub of models; absent: it is not. */
  readonly isHub?: boolean;
}

export type TargetRefusal = 'malformed-target' | 'ambiguous-path' | 'no-such-mount';

export type Route =
  /** `target` begins with `/`: the path below the mount and the query. */
  | {
      readonly kind: 'routed';
      readonly origin: string;
      readonly target: string;
      readonly passMethods: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: TargetRefusal };

/**
 * Characters of an origin-form target: visible ASCII, without `#` (a fragment) and `\`, which URL
 * parsers take for a slash; and raw bytes above it, as some clients send names that are not ASCII.
 */
const TARGET_CHARACTERS = /^\/[\x21\x22\x24-\x5b\x5d-\x7e\x80-\xff]*$/;

/**
 * Routes an origin-form request-target (RFC 9112 section 3.2.1) to the longest mount that matches
 * its path by whole segments. Bytes that a URI may not contain are escaped. All else stays as it
 * is: `%2F`, since Hugging Face revisions contain it (`refs%2Fpr%2F1`), `%252F`, empty segments.
 * Paths that lead out of the mount are refused, however often they are encoded (model/path).
 */
export function route(requestTarget: string, mounts: readonly Mount[]): Route {
  if (!TARGET_CHARACTERS.test(requestTarget)) return refused('malformed-target');
  const [path, query] = splitTarget(encodeTarget(requestTarget));
  if (isTreacherous(path)) return refused('ambiguous-path');
  const found = longestMount(path, mounts);
  if (found === undefined) return refused('no-such-mount');
  const { name: origin, passMethods = false } = found.mount;
  const target = (found.below === '' ? '/' : found.below) + query;
  return { kind: 'routed', origin, target, passMethods };
}

interface Found {
  readonly mount: Mount;
  /** The path below it. */
  readonly below: string;
}

function longestMount(path: string, mounts: readonly Mount[]): Found | undefined {
  let best: Found | undefined;
  for (const mount of mounts) {
    if (best !== undefined && mount.mount.length <= best.mount.mount.length) continue;
    const below = pathBelow(path, mount.mount);
    if (below !== undefined) best = { mount, below };
  }
  return best;
}

/**
 * Compares segment by segment in canonical spelling; `undefined` if the path is not below the
 * mount.
 */
function pathBelow(path: string, mount: string): string | undefined {
  if (mount === '/') return path;
  const depth = mount.split('/').length;
  const segments = path.split('/');
  if (canonicalUri(segments.slice(0, depth).join('/')) !== mount) return undefined;
  return segments.slice(depth).reduce((below, segment) => `${below}/${segment}`, '');
}

function refused(reason: TargetRefusal): Route {
  return { kind: 'refused', reason };
}
