/** A lookup within a span of its own, where its request has one. http/exchange calls it. */
import type { CacheAnswer, CacheFacade, CacheRequest } from '../cache/answer.js';
import { reportError } from '../model/errors.js';

/** As `CacheFacade.lookup`. */
export async function lookUp(cache: CacheFacade, request: CacheRequest): Promise<CacheAnswer> {
  const span = request.span?.child('lookup', { 'forebay.origin': request.origin });
  try {
    const answer = await cache.lookup(request);
    span?.end({ 'forebay.outcome': answer.outcome.kind });
    return answer;
  } catch (error) {
    span?.end(undefined, reportError(error).code);
    throw error;
  }
}
