/**
 * The context of a request while cache/answer and cache/fetch answer it, and that of its fetches.
 */
import type { ForebayError } from '../../model/errors.js';
import type { ResponseKey } from '../../model/ids.js';
import type { ResponseRecord } from '../../model/response.js';
import type { OriginLocator, Upstream } from '../../origin/upstream.js';
import type { CacheRequest } from '../api/facade.js';
import type { PermitSource } from '../flight/client-quota.js';
import type { Cost } from '../flight/cost.js';
import type { Epoch } from '../api/invalidation.js';
import type { FetchContext } from '../flight/fetch-context.js';

export interface RequestContext {
  readonly request: CacheRequest;
  readonly upstream: Upstream;
  readonly source: OriginLocator;
  readonly key: ResponseKey;
  /** The URL's epoch (cache/api/invalidation) when the request came. */
  readonly epoch: Epoch;
  /** True when it must not be collapsed: it had joined a fetch whose response cannot be shared. */
  readonly alone: boolean;
  /** True on the second lookup, after another request's fetch. There is no third one. */
  readonly again: boolean;
  /** The response record of the URL, with all its variants. */
  readonly record: ResponseRecord | undefined;
  /** The client's quota of fetches; absent without a client. */
  readonly quota?: PermitSource | undefined;
  /** Called when the first attempt of its fetch fails and a retry follows. */
  readonly troubled?: ((error: ForebayError) => void) | undefined;
  /** The origin bytes of this request: of its first fetch and its fills. */
  readonly cost: Cost;
}

/** The part of the context that results from an earlier lookup of the same request. */
export type Turn = Pick<RequestContext, 'alone' | 'again'>;

/** The turn of a request that has not been looked up before. */
export const FIRST: Turn = { alone: false, again: false };

/** Returns the context of the fetches made for `context`. */
export function fetchContextOf(context: RequestContext): FetchContext {
  return {
    source: context.source,
    priority: 'demand',
    ...(context.quota !== undefined && { quota: context.quota }),
    signal: context.request.signal,
    fetching: (fetch) => context.cost.fetching(fetch),
    brings: (index, flight) => {
      context.cost.brings(index, flight);
    },
    onCollapsed: (fetch) => {
      context.cost.collapsed = true;
      if (fetch !== undefined) context.request.span?.link(fetch);
    },
    span: context.request.span,
  };
}
