/**
 * Maps a path of the client listener, or a URL below an origin's URL, to the origin and target to
 * pull. Used by admin/hub-model and admin/routes/pulls.
 */
import type { PullTarget } from '../cache/operator/pull-item.js';
import { type Mount, route } from '../http/request/route.js';

/** The part of an `OriginConfig` that is needed here. */
export interface PullOrigin extends Mount {
  /** Without a slash at its end. */
  readonly url: string;
}

/** Returns the target of `url`; `undefined` when it is below no configured origin or ambiguous. */
export function pullTarget(url: string, origins: readonly PullOrigin[]): PullTarget | undefined {
  const path = url.startsWith('/') ? url : pathAtFront(url, origins);
  if (path === undefined) return undefined;
  // `route` takes a request target as Node parses it: one character for each byte.
  const routed = route(Buffer.from(path).toString('latin1'), origins);
  if (routed.kind === 'refused') return undefined;
  return { url, origin: routed.origin, target: routed.target };
}

/** Returns the path at which clients request `url`; the longest matching origin URL decides. */
function pathAtFront(url: string, origins: readonly PullOrigin[]): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { href, hash, username, password } = new URL(url);
  if (hash !== '' || username !== '' || password !== '') return undefined;
  const [best] = origins
    .filter((origin) => href.startsWith(`${origin.url}/`))
    .sort((a, b) => b.url.length - a.url.length);
  if (best === undefined) return undefined;
  return (best.mount === '/' ? '' : best.mount) + href.slice(best.url.length);
}
