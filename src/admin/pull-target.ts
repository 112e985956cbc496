/**
 * Turns an operator's argument into a pull target: a path at the front, or a URL below an origin's
 * own.
 */
import type { PullTarget } from '../cache/operator/pull-item.js';
import { type Mount, route } from '../http/request/route.js';

/** Every `OriginConfig` is one. */
export interface PullOrigin extends Mount {
  /** Without a slash at its end. */
  readonly url: string;
}

/** Where `url` leads; `undefined` when it is below no configured origin, or means two things. */
export function pullTarget(url: string, origins: readonly PullOrigin[]): PullTarget | undefined {
  const path = url.startsWith('/') ? url : pathAtFront(url, origins);
  if (path === undefined) return undefined;
  // Names are written as people write them; a request has bytes.
  const routed = route(Buffer.from(path).toString('latin1'), origins);
  if (routed.kind === 'refused') return undefined;
  return { url, origin: routed.origin, target: routed.target };
}

/** The path under which clients find `url`: the longest origin that it is below decides. */
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
