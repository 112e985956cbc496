/** Requester of a fetch: origin and credentials, priority, cancellation, accounting. */
import type { Bound } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { OriginHead } from '../../model/fetch.js';
import type { ChunkOffset } from '../../model/offset.js';
import type { Priority } from '../../compute/fill-pool.js';
import type { OriginLocator } from '../../origin/upstream.js';
import type { PermitSource } from './client-quota.js';
import type { Receiving } from './cost.js';
import type { ChunkView } from './flight.js';
import type { Span } from '../../model/span.js';
import type { CacheServices } from '../api/services.js';

export interface FetchContext {
  /** Where to fetch from, with this request's credentials. */
  readonly source: OriginLocator;
  readonly priority: Priority;
  /** Where in the chunk its first byte lies: a fill that it leads begins there. Absent: at 0. */
  readonly from?: ChunkOffset;
  /** The client's quota of fetches; absent if no client made the request. */
  readonly quota?: PermitSource;
  /** Aborts when the request ends: its own waits end, fetches that others share go on. */
  readonly signal: AbortSignal;
  /**
   * A fetch begins on its behalf, whose bytes it answers for. The returned function takes the body
   * bytes that left the origin in all.
   */
  fetching(fetch: Receiving): (originBytes: number) => void;
  /** Its first fetch brings chunk `index`, as `flight`. */
  brings(index: number, flight: Pick<ChunkView, 'progress'>): void;
  /** It takes its bytes from a fetch that another request began, whose span is `fetch`. */
  onCollapsed(fetch?: Span): void;
  /** An attempt of its first fetch failed, and others follow. */
  troubled?(error: ForebayError): void;
  /** An interim response came before the answer to its first fetch. */
  interim?(head: OriginHead): void;
  /** The request's span; absent where tracing is off, and where no request waits. */
  readonly span?: Span | undefined;
}

/** The bound of every wait that a request makes in the cache: the request timeout, or its end. */
export function boundOf(services: CacheServices, signal: AbortSignal): Bound {
  return {
    clock: services.clock,
    ms: services.limits.requestTimeoutMs,
    signal,
    timedOut: () =>
      new ForebayError('origin-timeout', 'no byte within the request timeout', {
        source: 'origin',
        retryable: false,
      }),
    aborted: () =>
      new ForebayError('client-aborted', 'the client went away', {
        source: 'client',
        retryable: false,
      }),
  };
}
