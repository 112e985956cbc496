/**
 * The Allow field (RFC 9110 section 10.2.1) of what Forebay itself answers. Pure;
 * http/exchange/exchange and http/server ask it.
 */
import { readTarget } from './request-target.js';
import { type Mount, route } from './route.js';

const READS = 'GET, HEAD';

/** The registered methods that are passed on; others are too, but nobody looks for them. */
const ALL = 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE';

/**
 * The methods that the target of a request has: those of its mount. A target that is no path (`*`,
 * or the authority of a CONNECT) has those that any mount has.
 */
export function allowedMethods(url: string, mounts: readonly Mount[]): string {
  const { target } = readTarget('', url);
  if (!target.startsWith('/')) {
    return mounts.some(({ passMethods }) => passMethods === true) ? ALL : READS;
  }
  const routed = route(target, mounts);
  return routed.kind === 'routed' && routed.passMethods ? ALL : READS;
}
