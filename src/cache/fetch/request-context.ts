/** A request while the cache answers it, and the context of its fetches. */
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
  /** Not collapsed: an earlier collapsed fetch gave a response that cannot be shared. */
  readonly alone: boolean;
  /** It was looked up again after another request's fetch; it is not looked up a third time. */
  readonly again: boolean;
  /** The stored record of the URL, with all variants. */
  readonly record: ResponseRecord | undefined;
  /** Its client's quota of fetches; absent without a client. */
  readonly quota?: PermitSource | undefined;
  /** Called when the first attempt of its fetch fails and a retry follows. */
  readonly troubled?: ((error: ForebayError) => void) | undefined;
  /** What this request cost the origin: its first fetch and its fills. */
  readonly cost: Cost;
}

/** Whether a request was looked up before, and with which result. */
export type Turn = Pick<RequestContext, 'alone' | 'again'>;

export const FIRST: Turn = { alone: false, again: false };

/** The context of the fetches for `context`. */
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
