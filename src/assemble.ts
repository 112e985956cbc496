/**
 * Constructs all parts of the program from a resolved configuration. No other file does. Called by
 * cli/serve.
 */
import { randomBytes } from 'node:crypto';
import { aboutToken, createAdminListener } from './assemble/admin-listener.js';
import { cacheLimits } from './assemble/cache-limits.js';
import { frontConfig } from './assemble/front-config.js';
import { isHub, readServerToken } from './assemble/hub-settings.js';
import { observeParts } from './assemble/observing.js';
import { Reloading, type ReloadOutcome } from './assemble/reloading.js';
import { shutDown, type ShutdownStep } from './assemble/shutdown.js';
import { openStorage } from './assemble/storage.js';
import { Cache } from './cache/answer/cache.js';
import { Pulls } from './cache/operator/pulls.js';
import { Sweeps } from './cache/operator/sweeps.js';
import { Passing } from './cache/passthrough/pass.js';
import { native } from './compute/native.js';
import { descriptorLimit, descriptorShares } from './config/descriptors.js';
import type { ListenAddress } from './config/kinds.js';
import { usableLanes } from './config/lanes.js';
import { metadataCapacityBytes } from './config/metadata.js';
import type { Config, ResolvedConfig } from './config/schema.js';
import { createFront } from './http/server.js';
import { Credentials } from './hub/credentials.js';
import { createMirror } from './hub/mirror.js';
import { InvalidationEvents } from './model/invalidation-events.js';
import { type Clock, systemClock } from './model/time.js';
import { warmPassClients } from './origin/pass-client.js';
import { Upstreams } from './origin/upstreams.js';
import { watchEventLoopLag } from './telemetry/event-loop-lag.js';
import type { Metrics } from './telemetry/metrics.js';
import { createTelemetry } from './telemetry/telemetry.js';
import { startTracing, type Tracing } from './telemetry/tracing.js';

/** A constructed Forebay. `start` once, then `stop` once. */
export interface Application {
  /** Opens the listeners. Rejects with a `ListenError`; `stop` then closes the other parts. */
  start(): Promise<{
    readonly listenAddress: ListenAddress;
    readonly adminAddress: ListenAddress | null;
  }>;
  /** Drains clients, then closes everything. Resolves shortly after the drain timeout at most. */
  stop(): Promise<void>;
  /** Applies the changes that a running program can take from `load`. Never throws. */
  reload(load: () => Config): ReloadOutcome;
  /** Describes for people, a line each, how the machine is used, and lists warnings. */
  describe(): readonly string[];
}

/** Random bytes of the name of this process in Via, by which it recognises looped requests. */
const PSEUDONYM_BYTES = 6;

/**
 * Builds the program. Rejects with a `StartupError` when the cache cannot be used. Worker threads
 * use the system clock instead of `clock`, but only for durations.
 */
export async function assemble(
  config: ResolvedConfig,
  version: string,
  clock: Clock = systemClock,
): Promise<Application> {
  const telemetry = createTelemetry(config.log);
  const { metrics } = telemetry;
  const tracing = await openTracing(config, version, clock, metrics);
  telemetry.tracer = tracing;
  const changes = new InvalidationEvents();
  const pseudonym = `forebay-${randomBytes(PSEUDONYM_BYTES).toString('hex')}`;
  const upstreams = new Upstreams({ via: `1.1 ${pseudonym}`, clock }, config.origins);
  const descriptors = descriptorShares(descriptorLimit());
  const storage = await openStorage({ config, clock, telemetry, upstreams, descriptors, changes });
  const { stores, sending, pools, watermarks, targets, services } = storage;
  // So that the first request waits neither for threads to start nor for modules to load.
  pools.fill.warm();
  if (config.origins.some(({ passMethods }) => passMethods)) warmPassClients();
  const cache = new Cache(services, upstreams, pseudonym);
  let running = config;
  const { serverToken, warnings } = readServerToken(config.hub);
  const mirror = createMirror({
    services,
    cache,
    passing: new Passing(services, upstreams, cache, pseudonym),
    upstreams,
    credentials: new Credentials(stores.key),
    policy: () => ({ ...running.hub, serverToken }),
    pseudonym,
    isHub: (origin: string) => running.origins.some((one) => one.name === origin && isHub(one)),
  });
  const front = createFront({
    config: frontConfig(config),
    maxClients: descriptors.clients,
    cache: mirror.cache,
    passing: mirror.passing,
    sender: sending.sender,
    telemetry,
    clock,
    hits: sending.hits && {
      ...sending.hits,
      changes,
      onPressure: (give) => {
        services.pressure.register('read-ahead', give);
      },
    },
  });
  const pulls = new Pulls(services, mirror.cache);
  const sweeps = new Sweeps(services, targets);
  const listener = createAdminListener({
    ...{ config, version, clock, metrics, stores, services, targets, front, cache, pulls, sweeps },
    facade: mirror.cache,
    origins: () => running.origins,
  });
  metrics.describeProcess(version);
  observeParts(metrics, services, upstreams, front);
  const stopWatching = watchEventLoopLag(clock, (lagMs) => {
    metrics.eventLoopLagged(lagMs);
  });
  const reloading = new Reloading(config, {
    telemetry,
    clock,
    apply: (next) => {
      running = next;
      telemetry.reconfigure(next.log);
      upstreams.replace(next.origins);
      front.reconfigure(frontConfig(next));
      services.limits = cacheLimits(next);
      sending.reconfigure(next);
      changes.bump();
      pools.fill.resize(usableLanes(next.cache, next.fill));
      const { capacityBytes } = next.cache;
      const resized = stores.chunks.resize(capacityBytes, metadataCapacityBytes(next.cache));
      resized.catch((error: unknown) => {
        services.events.warn('eviction down to the new capacity failed', error);
      });
    },
  });

  const steps: readonly ShutdownStep[] = [
    {
      name: 'pulls',
      why: 'before the front: pulls would start new reads',
      run: () => {
        pulls.close();
      },
    },
    {
      name: 'sweeps',
      why: 'before the front: sweeps would start new reads',
      run: () => {
        sweeps.close();
      },
    },
    {
      name: 'front',
      why: 'clients are drained while all other parts still work',
      run: () => front.drain(),
    },
    { name: 'event loop lag', why: 'no client is served any more', run: stopWatching },
    {
      name: 'cache',
      why: 'after the last request: fetches still in progress are committed',
      run: () => cache.close(),
    },
    {
      name: 'worker threads',
      why: 'after the last fetch; the threads use the wake descriptors',
      run: () => Promise.all([pools.close(), mirror.close()]),
    },
    {
      name: 'watermarks',
      why: 'after the last thread that writes to them',
      run: () => {
        watermarks.close();
      },
    },
    {
      name: 'sending',
      why: 'after the last thread that has its wake descriptor',
      run: () => {
        sending.close();
      },
    },
    {
      name: 'store',
      why: 'after all parts that read or write chunks; frees the lock',
      run: () => stores.chunks.close(),
    },
    {
      name: 'admin',
      why: 'late: operators can watch the shutdown',
      run: () => listener?.admin.close(),
    },
    { name: 'tracing', why: 'after the last span', run: () => tracing?.stop() },
    {
      name: 'telemetry',
      why: 'last: the other steps may log',
      run: () => {
        telemetry.flush();
      },
    },
  ];
  let stopped: Promise<void> | undefined;

  return {
    async start() {
      const listenAddress = await front.listen();
      const adminAddress = listener === null ? null : await listener.admin.listen();
      return { listenAddress, adminAddress };
    },
    stop: () => (stopped ??= shutDown(steps, telemetry.log)),
    reload: (load) => reloading.reload(load),
    describe: () => [
      `BLAKE3 uses ${native.simd()}; ${String(pools.fill.laneCount)} fill lanes`,
      sending.description,
      ...(stores.chunks.usage().writable
        ? []
        : ['the cache cannot be written: nothing is stored, everything is served through memory']),
      ...aboutToken(listener?.token),
      ...warnings,
    ],
  };
}

/** Starts tracing to the configured endpoint; `null` if none is configured. */
async function openTracing(
  { tracing: { endpoint, sampleRatio } }: ResolvedConfig,
  version: string,
  clock: Clock,
  metrics: Metrics,
): Promise<Tracing | null> {
  if (endpoint === null) return null;
  const exported = metrics.spansExported.bind(metrics);
  return startTracing({ endpoint, sampleRatio, version, clock, exported });
}
