/**
 * The one spelling in which a hub's paths are read, remembered and asked for. Clients that were
 * given the mirror's URL with a slash at its end ask for `//api/models/...`; paths of a hub have no
 * empty segments. Used by hub/lookup and hub/passed before anything else. Pure.
 */
import { canonicalUri, splitTarget } from '../model/uri.js';
import { routeOf } from './route.js';

/**
 * `target` in the canonical form of RFC 3986, without empty segments. The slash at the end goes
 * where the path means something here; what is passed on keeps it.
 */
export function hubTarget(target: string): string {
  const [path, query] = splitTarget(canonicalUri(target));
  const merged = path.replace(/\/+/g, '/');
  const bare = merged.length > 1 && merged.endsWith('/') ? merged.slice(0, -1) : merged;
  return (routeOf(bare).kind === 'other' ? merged : bare) + query;
}
