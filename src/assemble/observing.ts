/** Connects the gauges that are read at each scrape of the metrics. Used by assemble. */
import type { CacheServices } from '../cache/api/services.js';
import type { Front } from '../http/server.js';
import type { Upstreams } from '../origin/upstreams.js';
import type { Metrics } from '../telemetry/metrics.js';

/** Connects `metrics` with the current values of the running parts. */
export function observeParts(
  metrics: Metrics,
  { chunks, pools, progress }: CacheServices,
  upstreams: Upstreams,
  front: Front,
): void {
  metrics.observe({
    store: () => chunks.usage(),
    fills: () => ({ active: pools.fill.active, queued: pools.fill.queued }),
    stalled: () => progress.stalled,
    connections: () => front.connectionCount,
    pending: () => {
      front.flushRecords();
    },
    connectionsAllowed: () =>
      upstreams.all.map(({ name, maxConnections }) => ({
        name,
        count: pools.fill.allowedConnections(name, maxConnections),
      })),
    breakers: () => upstreams.all.map(({ name, breaker }) => ({ name, state: breaker.state.kind })),
  });
}
