/**
 * Constructs the parts that all others use: the stores, the worker threads, the senders, and the
 * services that the cache's folders share. Used by assemble.
 */
import { Pressure } from '../cache/api/pressure.js';
import { ProgressWatch } from '../cache/api/progress.js';
import { Purges } from '../cache/api/purges.js';
import type { CacheServices } from '../cache/api/services.js';
import { TargetMatcher } from '../cache/operator/selection.js';
import { systemCalls } from '../compute/native.js';
import { createPools, type Pools } from '../compute/pools.js';
import { WatermarkRegistry } from '../compute/watermark.js';
import { type DescriptorShares } from '../config/descriptors.js';
import { usableLanes } from '../config/lanes.js';
import { metadataCapacityBytes } from '../config/metadata.js';
import type { ResolvedConfig } from '../config/schema.js';
import type { InvalidationEvents } from '../model/invalidation-events.js';
import { MemoryBudget } from '../model/memory-budget.js';
import type { Clock } from '../model/time.js';
import type { Upstreams } from '../origin/upstreams.js';
import { createSending, type Sending } from '../send/sending.js';
import { openStore, type Stores } from '../store/open-store.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { TransferTable } from '../telemetry/transfer-table.js';
import { cacheLimits } from './cache-limits.js';
import { cacheEvents, storeEvents } from './events.js';

export interface StorageDeps {
  readonly config: ResolvedConfig;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly upstreams: Upstreams;
  readonly descriptors: DescriptorShares;
  readonly changes: InvalidationEvents;
}

export interface Storage {
  readonly stores: Stores;
  readonly sending: Sending;
  readonly pools: Pools;
  readonly watermarks: WatermarkRegistry;
  readonly targets: TargetMatcher;
  /** A reload replaces `limits`. */
  readonly services: CacheServices & { limits: CacheServices['limits'] };
}

/**
 * Opens the cache directory and starts threads. Rejects with a `StartupError` when the cache cannot
 * be used.
 */
export async function openStorage(deps: StorageDeps): Promise<Storage> {
  const { config, clock, telemetry, upstreams, changes } = deps;
  const memory = new MemoryBudget(config.cache.serveThroughMemoryBytes);
  const targets = new TargetMatcher(upstreams);
  const stores = await openStore({
    ...config.cache,
    maxIdleFiles: deps.descriptors.idleFiles,
    metadataCapacityBytes: metadataCapacityBytes(config.cache),
    memory,
    system: systemCalls,
    clock,
    events: storeEvents(telemetry.metrics, changes),
    pinned: ({ origin, uri }, pins) =>
      upstreams.get(origin)?.isPinned(uri) === true ||
      pins.some((pin) => targets.selects(pin, { origin, uri })),
  });
  const sending = createSending(config, clock);
  const watermarks = new WatermarkRegistry(sending.wakeFds);
  const pools = createPools({
    ...config.fill,
    usableLanes: usableLanes(config.cache, config.fill),
    wakeFds: watermarks.wakeFds,
    memoryBudget: memory,
    clock,
    onAllowed: (origin, connections, before) => {
      telemetry.log.debug(
        { origin, connections, before },
        'the number of connections to an origin changed',
      );
    },
  });
  const services = {
    chunks: stores.chunks,
    responses: stores.responses,
    pools,
    watermarks,
    pressure: new Pressure(),
    progress: new ProgressWatch(clock),
    clock,
    sequence: stores.sequence,
    purges: new Purges(),
    limits: cacheLimits(config),
    events: cacheEvents(telemetry),
    changes,
    tag: stores.key.fieldTag.bind(stores.key),
    fills: new TransferTable('f', clock),
  } satisfies CacheServices;
  return { stores, sending, pools, watermarks, targets, services };
}
