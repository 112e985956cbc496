/**
 * A lookup within a span of its own, where its request has one, and the end of the wait for it.
 * http/exchange/exchange calls it.
 */
import type { CacheAnswer, CacheFacade, CacheRequest } from '../../cache/api/facade.js';
import { reportError } from '../../model/errors.js';
import type { OriginHead } from '../../model/fetch.js';

/** As `CacheFacade.lookup`. */
export async function lookUp(cache: CacheFacade, request: CacheRequest): Promise<CacheAnswer> {
  const span = request.span?.child('lookup', { 'forebay.origin': request.origin });
  let isWaiting = true;
  // What the fetch reports after the answer, which may go on beside it, is not for this client.
  const interim = (head: OriginHead): void => {
    if (isWaiting) request.interim?.(head);
  };
  try {
    const answer = await cache.lookup({ ...request, interim });
    span?.end({ 'forebay.outcome': answer.outcome.kind });
    return answer;
  } catch (error) {
    span?.end(undefined, reportError(error).code);
    throw error;
  } finally {
    isWaiting = false;
  }
}
