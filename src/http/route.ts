/**
 * From a request-target to a configured origin and the path below its mount. Pure; http/screen asks
 * it. Whatever two servers could read differently is refused here, before a cache key is made of it.
 */

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
  /** `target` begins with one `/` and is otherwise as received, query included. */
  | {
      readonly kind: 'routed';
      readonly origin: string;
      readonly target: string;
      readonly passMethods: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: TargetRefusal };

/** What may stand in an origin-form target: visible ASCII, without `#` (a fragment) and `\`. */
const TARGET_CHARACTERS = /^\/[\x21\x22\x24-\x5b\x5d-\x7e]*$/;

/** NUL and `\` encoded; and a dot, slash, `\` or NUL encoded twice: a second decoder makes it real. */
const AMBIGUOUS_ENCODING = /%(?:00|5c|25(?:2e|2f|5c|00))/i;

/**
 * Routes an origin-form request-target (RFC 9112 section 3.2.1) to the longest mount that its path
 * has by whole segments. `%2F` is kept, since Hugging Face revisions contain it
 * (`refs%2Fpr%2F1`), unless reading it as a slash gives a `.` or `..` segment.
 */
export function route(requestTarget: string, mounts: readonly Mount[]): Route {
  if (!TARGET_CHARACTERS.test(requestTarget)) return refused('malformed-target');
  const queryAt = requestTarget.indexOf('?');
  const path = queryAt === -1 ? requestTarget : requestTarget.slice(0, queryAt);
  const query = queryAt === -1 ? '' : requestTarget.slice(queryAt);
  if (isAmbiguous(path)) return refused('ambiguous-path');
  const mount = longestMount(path, mounts);
  if (mount === undefined) return refused('no-such-mount');
  const below = mount.mount === '/' ? path : path.slice(mount.mount.length);
  // `//host/x` resolved against an origin's URL would name another host.
  if (below.startsWith('//')) return refused('ambiguous-path');
  const target = (below === '' ? '/' : below) + query;
  const { name: origin, passMethods = false } = mount;
  return { kind: 'routed', origin, target, passMethods };
}

function isAmbiguous(path: string): boolean {
  if (AMBIGUOUS_ENCODING.test(path)) return true;
  try {
    // Throws on overlong and other invalid UTF-8, and on a `%` that encodes nothing.
    const segments = decodeURIComponent(path).split('/');
    return segments.some((segment) => segment === '.' || segment === '..');
  } catch {
    return true;
  }
}

function longestMount(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    if (best !== undefined && mount.mount.length <= best.mount.length) continue;
    if (isBelow(path, mount.mount)) best = mount;
  }
  return best;
}

function isBelow(path: string, mount: string): boolean {
  return mount === '/' || path === mount || path.startsWith(`${mount}/`);
}

function refused(reason: TargetRefusal): Route {
  return { kind: 'refused', reason };
}
