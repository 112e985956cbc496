/** Passes the events of the store and of the cache to metrics and log. Used by assemble. */
import type { CacheEvents } from '../cache/api/services.js';
import type { InvalidationEvents } from '../model/invalidation-events.js';
import type { StoreEvents } from '../model/store.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Telemetry } from '../telemetry/telemetry.js';

/** Counts store events. A dropped chunk or changed record also revokes reusable hits. */
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

/** Counts cache events, and logs those that an operator should know of. */
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
        'the digest check of an object was given up: its chunks do not fit into the cache capacity',
      );
    },
    unshareable: (origin, field) => {
      log.warn({ origin, field }, 'responses are not shared between clients because of this field');
    },
    warn: (message, error) => {
      log.warn({ error: error instanceof Error ? error.message : String(error) }, message);
    },
  };
}
