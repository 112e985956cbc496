/** What happens in the store and in the cache, on its way to metrics and log. Used by assemble. */
import type { CacheEvents } from '../cache/api/services.js';
import type { InvalidationEvents } from '../model/invalidation-events.js';
import type { StoreEvents } from '../model/store.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Telemetry } from '../telemetry/telemetry.js';

/** Counts store events, and voids reusable hits when a chunk or a record goes. */
export function storeEvents(metrics: Metrics, changes: InvalidationEvents): StoreEvents {
  return {
    evicted: metrics.evicted.bind(metrics),
    metadataEvicted: metrics.metadataEvicted.bind(metrics),
    diskError: metrics.diskError.bind(metrics),
    dropped: (id, reason) => {
      metrics.dropped(id, reason);
      changes.bump();
    },
    responseChanged: () => {
      changes.bump();
    },
  };
}

/** Counts cache events, and logs those that an operator should know. */
export function cacheEvents({ metrics, log }: Telemetry): CacheEvents {
  return {
    fetchFinished: metrics.fetchFinished.bind(metrics),
    chunkVerified: metrics.chunkVerified.bind(metrics),
    chunkMismatched: metrics.chunkMismatched.bind(metrics),
    objectVerified: metrics.objectVerified.bind(metrics),
    clientShareFull: metrics.clientShareFull.bind(metrics),
    originBytesWasted: metrics.originBytesWasted.bind(metrics),
    verificationGivenUp: () => {
      metrics.verificationGivenUp();
      log.warn(
        {},
        'an object was not checked against its digest: the capacity cannot hold its unhashed chunks',
      );
    },
    unshareable: (origin, field) => {
      log.warn({ origin, field }, 'responses are not shared between clients because of a field');
    },
    warn: (message, error) => {
      log.warn({ error: error instanceof Error ? error.message : String(error) }, message);
    },
  };
}
