/**
 * The canonical spelling of a hub's paths, used for reading, storing and requesting. Clients whose
 * endpoint ends with a slash request `//api/models/...`; a hub's paths have no empty segments. Used
 * by hub/lookup and hub/passed before anything else. Pure.
 */
import { canonicalUri, splitTarget } from '../model/uri.js';
import { routeOf } from './route.js';

/**
 * `target` in the canonical form of RFC 3986, without empty segments. A final slash is removed from
 * paths that the mirror knows; forwarded ones keep it.
 */
export function hubTarget(target: string): string {
  const [path, query] = splitTarget(canonicalUri(target));
  const merged = path.replace(/\/+/g, '/');
  const bare = merged.length > 1 && merged.endsWith('/') ? merged.slice(0, -1) : merged;
  return (routeOf(bare).kind === 'other' ? merged : bare) + query;
}
