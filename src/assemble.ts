/**
 * The only place that constructs everything: from a resolved configuration to a program that can be
 * started and stopped. Called by cli/serve.
 */
import { randomBytes } from 'node:crypto';
import { apiEndpoints } from './admin/api.js';
import { createAdmin } from './admin/server.js';
import { loadToken, namedTokenFile, type Token } from './admin/token.js';
import { cacheLimits } from './assemble/cache-limits.js';
import { cacheEvents, storeEvents } from './assemble/events.js';
import { frontConfig } from './assemble/front-config.js';
import { isHub, readServerToken } from './assemble/hub-settings.js';
import { Reloading, type ReloadOutcome } from './assemble/reloading.js';
import { Inventory } from './cache/operator/inventory.js';
import { Cache } from './cache/answer/lookup.js';
import { Passing } from './cache/passthrough/pass.js';
import { Pressure } from './cache/api/pressure.js';
import { ProgressWatch } from './cache/api/progress.js';
import { Pulls } from './cache/operator/pulls.js';
import { Purges } from './cache/api/purges.js';
import { Targets } from './cache/operator/selection.js';
import type { CacheServices } from './cache/api/services.js';
import { Sweeps } from './cache/operator/sweeps.js';
import { native, systemCalls } from './compute/native.js';
import { createPools } from './compute/pools.js';
import { WatermarkHub } from './compute/watermark.js';
import { descriptorLimit, descriptorShares } from './config/descriptors.js';
import { usableLanes } from './config/lanes.js';
import { metadataCapacityBytes } from './config/metadata.js';
import type { ListenAddress } from './config/kinds.js';
import type { Config, ResolvedConfig } from './config/schema.js';
import { createFront } from './http/server.js';
import { Credentials } from './hub/credentials.js';
import { createMirror } from './hub/mirror.js';
import { Changes } from './model/changes.js';
import { MemoryBudget } from './model/memory-budget.js';
import { type Clock, systemClock } from './model/time.js';
import { warmPassClients } from './origin/pass-client.js';
import { Upstreams } from './origin/upstreams.js';
import { createSending } from './send/sending.js';
import { TOKEN_FILE } from './store/directory/layout.js';
import { openStore, type Stores } from './store/open-store.js';
import { watchEventLoopLag } from './telemetry/event-loop-lag.js';
import type { Metrics } from './telemetry/metrics.js';
import { TransferTable } from './telemetry/transfer-table.js';
import { createTelemetry } from './telemetry/telemetry.js';
import { startTracing, type Tracing } from './telemetry/tracing.js';

/** A constructed Forebay. `start` once, then `stop` once. */
export interface Application {
  /** Opens the listeners; rejects with a `ListenError`, after which `stop` lets go of the rest. */
  start(): Promise<{
    readonly listenAddress: ListenAddress;
    readonly adminAddress: ListenAddress | null;
  }>;
  /** Drains clients, then closes everything; resolves within the drain timeout and a little more. */
  stop(): Promise<void>;
  /** Takes what `load` gives as far as a running program can, or nothing of it. Never throws. */
  reload(load: () => Config): ReloadOutcome;
  /** For people, one line each: what of the machine is used. */
  describe(): readonly string[];
}

/** Names this process in Via, so that a request that comes back to it is seen. */
const PSEUDONYM_BYTES = 6;

/**
 * Builds the program; rejects with a `StartupError` when the cache cannot be used. Worker threads keep
 * the machine's own time, of which they use durations alone.
 */
export async function assemble(
  config: ResolvedConfig,
  version: string,
  clock: Clock = systemClock,
): Promise<Application> {
  const telemetry = createTelemetry(config.log);
  const { metrics } = telemetry;
  const tracing = await traceTo(config, version, clock, metrics);
  telemetry.tracer = tracing;
  const changes = new Changes();
  const memory = new MemoryBudget(config.cache.serveThroughMemoryBytes);
  const pseudonym = `forebay-${randomBytes(PSEUDONYM_BYTES).toString('hex')}`;
  const upstreams = new Upstreams({ via: `1.1 ${pseudonym}`, clock }, config.origins);
  const targets = new Targets(upstreams);
  const shares = descriptorShares(descriptorLimit());
  const stores = await openStore({
    ...config.cache,
    maxIdleFiles: shares.idleFiles,
    metadataCapacityBytes: metadataCapacityBytes(config.cache),
    memory,
    system: systemCalls,
    clock,
    events: storeEvents(metrics, changes),
    pinned: ({ origin, uri }, pins) =>
      upstreams.get(origin)?.isPinned(uri) === true ||
      pins.some((pin) => targets.selects(pin, { origin, uri })),
  });
  const sending = createSending(config, clock);
  const hub = new WatermarkHub(sending.wakeFds);
  const pools = createPools({
    ...config.fill,
    usableLanes: usableLanes(config.cache, config.fill),
    wakeFds: hub.wakeFds,
    memoryBudget: memory,
    clock,
    onAllowed: (origin, connections, before) => {
      telemetry.log.debug({ origin, connections, before }, 'other connections for an origin');
    },
  });
  const services = {
    chunks: stores.chunks,
    responses: stores.responses,
    pools,
    hub,
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
  // The first request should wait neither for threads to start nor for modules to load.
  pools.fill.warm();
  if (config.origins.some(({ passMethods }) => passMethods)) warmPassClients();
  const cache = new Cache(services, upstreams, pseudonym);
  const passing = new Passing(services, upstreams, cache, pseudonym);
  let { origins, hub: hubSettings } = config;
  const { serverToken, warnings } = readServerToken(config.hub);
  const mirror = createMirror({
    services,
    cache,
    passing,
    upstreams,
    credentials: new Credentials(stores.key),
    policy: () => ({ ...hubSettings, serverToken }),
    pseudonym,
    isHub: (origin: string) => origins.some((one) => one.name === origin && isHub(one)),
  });
  const { sender } = sending;
  const front = createFront({
    config: frontConfig(config),
    maxClients: shares.clients,
    cache: mirror.cache,
    passing: mirror.passing,
    sender,
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
  const token = config.admin.enabled ? tokenFor(config, stores) : null;
  const admin =
    token === null
      ? null
      : createAdmin({
          address: config.admin.address,
          metrics,
          // The store was opened before this: whether it can be written is decided.
          readiness: () => ({ listening: front.address !== null, cacheDecided: true }),
          endpoints: apiEndpoints({
            transfers: { requests: front.requests, fills: services.fills, targets, clock },
            cache: {
              directory: config.cache.directory,
              usage: () => stores.chunks.usage(),
              responses: () => stores.responses.count,
            },
            token,
            facade: mirror.cache,
            inventory: new Inventory({
              ...stores,
              targets,
              purges: services.purges,
              forget: (identity) => cache.purge(identity),
            }),
            pins: stores.pins,
            pulls,
            sweeps,
            origins: () => origins,
            clock,
          }),
          token,
          version,
        });
  metrics.describeProcess(version);
  metrics.observe({
    store: () => stores.chunks.usage(),
    fills: () => ({ active: pools.fill.active, queued: pools.fill.queued }),
    stalled: () => services.progress.stalled,
    connections: () => front.connectionCount,
    pending: () => {
      front.tell();
    },
    connectionsAllowed: () =>
      upstreams.all.map(({ name, maxConnections }) => ({
        name,
        count: pools.fill.allowedConnections(name, maxConnections),
      })),
    breakers: () => upstreams.all.map(({ name, breaker }) => ({ name, state: breaker.state.kind })),
  });
  const stopWatching = watchEventLoopLag(clock, (lagMs) => {
    metrics.eventLoopLagged(lagMs);
  });
  const reloading = new Reloading(config, {
    telemetry,
    clock,
    apply: (next) => {
      telemetry.reconfigure(next.log);
      upstreams.replace(next.origins);
      origins = next.origins;
      hubSettings = next.hub;
      front.reconfigure(frontConfig(next));
      services.limits = cacheLimits(next);
      sending.reconfigure(next);
      changes.happened();
      pools.fill.resize(usableLanes(next.cache, next.fill));
      const { capacityBytes } = next.cache;
      const resized = stores.chunks.resize(capacityBytes, metadataCapacityBytes(next.cache));
      resized.catch((error: unknown) => {
        services.events.warn('what exceeds the new capacity was not evicted', error);
      });
    },
  });
  let stopped: Promise<void> | undefined;

  const stop = async (): Promise<void> => {
    pulls.close();
    sweeps.close();
    await front.drain();
    stopWatching();
    await cache.close();
    await Promise.all([pools.close(), mirror.close()]);
    hub.close();
    sending.close();
    await stores.chunks.close();
    await admin?.close();
    await tracing?.stop();
    telemetry.flush();
  };

  return {
    async start() {
      const listenAddress = await front.listen();
      const adminAddress = admin === null ? null : await admin.listen();
      return { listenAddress, adminAddress };
    },
    stop: () => (stopped ??= stop()),
    reload: (load) => reloading.reload(load),
    describe: () => [
      `BLAKE3 uses ${native.simd()}; ${String(pools.fill.laneCount)} fill lanes`,
      sending.description,
      ...(stores.chunks.usage().writable
        ? []
        : ['the cache cannot be written: nothing is stored, everything is served through memory']),
      ...aboutToken(token),
      ...warnings,
    ],
  };
}

/** Spans go where the configuration says, if it says so. */
async function traceTo(
  { tracing: { endpoint, sampleRatio } }: ResolvedConfig,
  version: string,
  clock: Clock,
  metrics: Metrics,
): Promise<Tracing | null> {
  if (endpoint === null) return null;
  const exported = metrics.spansExported.bind(metrics);
  return startTracing({ endpoint, sampleRatio, version, clock, exported });
}

function tokenFor({ admin }: ResolvedConfig, stores: Stores): Token {
  const { tokenFile } = admin;
  return loadToken(tokenFile === null ? stores.file(TOKEN_FILE) : namedTokenFile(tokenFile));
}

/** What an operator should know of the token. */
function aboutToken(token: Token | null): readonly string[] {
  if (token === null) return [];
  if (token.kind === 'unavailable') return [`the admin API takes no changes: ${token.why}`];
  return token.warning === null ? [] : [token.warning];
}
