/**
 * The Allow field (RFC 9110 section 10.2.1) of Forebay's own answers. Pure; used by
 * http/exchange/exchange and http/server.
 */
import { readTarget } from './request-target.js';
import { type Mount, route } from './route.js';

const READS = 'GET, HEAD';

/** The registered methods that are forwarded; others are too, but are not worth listing. */
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
