/**
 * The request on whose behalf the cache fetches: origin and credentials, priority, cancellation,
 * accounting.
 */
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
  /** Offset of its first byte in the chunk: a fill that it leads begins there. Absent: 0. */
  readonly from?: ChunkOffset;
  /** The client's quota of fetches; absent for fetches of no client. */
  readonly quota?: PermitSource;
  /** Aborts when the request ends: its own waits end, fetches that others share go on. */
  readonly signal: AbortSignal;
  /**
   * Called when a fetch begins whose bytes count for this request. Call the returned function with
   * the total of body bytes that the origin sent.
   */
  fetching(fetch: Receiving): (originBytes: number) => void;
  /** Called when its first fetch brings chunk `index`, as `flight`. */
  brings(index: number, flight: Pick<ChunkView, 'progress'>): void;
  /** Called when it reads from a fetch that another request began, whose span is `fetch`. */
  onCollapsed(fetch?: Span): void;
  /** Called when an attempt of its first fetch failed and another follows. */
  troubled?(error: ForebayError): void;
  /** Called with an interim response to its first fetch. */
  interim?(head: OriginHead): void;
  /** The request's span; absent where tracing is off, and where no request waits. */
  readonly span?: Span | undefined;
}

/** Returns the bound of a request's waits in the cache: the request timeout, or its own end. */
export function boundOf(services: CacheServices, signal: AbortSignal): Bound {
  return {
    clock: services.clock,
    ms: services.limits.requestTimeoutMs,
    signal,
    timedOut: () =>
      new ForebayError('origin-timeout', 'no byte arrived within the request timeout', {
        source: 'origin',
        retryable: false,
      }),
    aborted: () =>
      new ForebayError('client-aborted', 'the client disconnected', {
        source: 'client',
        retryable: false,
      }),
  };
}
