/**
 * Normalises a hub's request target before it is parsed, stored or sent. Clients configured with
 * the mirror's URL and a slash at its end request `//api/models/...`, but a hub's paths have no
 * empty segments. Used by hub/lookup and hub/passed. Pure.
 */
import { canonicalUri, splitTarget } from '../model/uri.js';
import { routeOf } from './route.js';

/**
 * Returns `target` in the canonical form of RFC 3986, without empty segments. A slash at the end is
 * removed from the paths that hub/route knows; others are passed on with it.
 */
export function hubTarget(target: string): string {
  const [path, query] = splitTarget(canonicalUri(target));
  const merged = path.replace(/\/+/g, '/');
  const bare = merged.length > 1 && merged.endsWith('/') ? merged.slice(0, -1) : merged;
  return (routeOf(bare).kind === 'other' ? merged : bare) + query;
}
