/** One request on its way through the cache: what is known of it, and the want of its fetches. */
import type { ForebayError } from '../../model/errors.js';
import type { ResponseKey } from '../../model/ids.js';
import type { ResponseRecord } from '../../model/response.js';
import type { TargetSource, Upstream } from '../../origin/upstream.js';
import type { CacheRequest } from '../api/answer.js';
import type { Seating } from '../flight/client-share.js';
import type { Cost } from '../flight/cost.js';
import type { Epoch } from '../api/invalidation.js';
import type { Want } from '../flight/want.js';

export interface Asked {
  readonly request: CacheRequest;
  readonly upstream: Upstream;
  readonly source: TargetSource;
  readonly key: ResponseKey;
  /** The URL's epoch (cache/api/invalidation) when the request came. */
  readonly epoch: Epoch;
  /** It shares no contact: it waited for one already, whose answer was not for others. */
  readonly alone: boolean;
  /** It has been looked up again after another's contact: what it then asks for, it asks for. */
  readonly again: boolean;
  /** What is stored of the URL, whatever the variant. */
  readonly record: ResponseRecord | undefined;
  /** What its client may have under way; absent where no client asked. */
  readonly share?: Seating | undefined;
  /** Hears of the first attempt of its contact that failed, while others follow. */
  readonly troubled?: ((error: ForebayError) => void) | undefined;
  /** What this request cost the origin, contact and fills together. */
  readonly cost: Cost;
}

/** Whether a request has been looked up before, and what came of it. */
export type Turn = Pick<Asked, 'alone' | 'again'>;

export const FIRST: Turn = { alone: false, again: false };

/** The want of fetches for `asked`. */
export function wantOf(asked: Asked): Want {
  return {
    source: asked.source,
    priority: 'demand',
    ...(asked.share !== undefined && { share: asked.share }),
    signal: asked.request.signal,
    fetching: (fetch) => asked.cost.fetching(fetch),
    brings: (index, flight) => {
      asked.cost.brings(index, flight);
    },
    joined: (fetch) => {
      asked.cost.joined = true;
      if (fetch !== undefined) asked.request.span?.link(fetch);
    },
    span: asked.request.span,
  };
}
