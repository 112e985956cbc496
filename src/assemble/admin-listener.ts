/**
 * Constructs the admin listener with its API from the parts that the API reads and changes. Used by
 * assemble.
 */
import { apiEndpoints } from '../admin/api.js';
import { type Admin, createAdmin } from '../admin/server.js';
import { loadToken, namedTokenFile, type Token } from '../admin/token.js';
import type { Cache } from '../cache/answer/cache.js';
import type { CacheFacade } from '../cache/api/facade.js';
import type { CacheServices } from '../cache/api/services.js';
import { Inventory } from '../cache/operator/inventory.js';
import type { Pulls } from '../cache/operator/pulls.js';
import type { TargetMatcher } from '../cache/operator/selection.js';
import type { Sweeps } from '../cache/operator/sweeps.js';
import type { ResolvedConfig } from '../config/schema.js';
import type { Front } from '../http/server.js';
import type { Clock } from '../model/time.js';
import { TOKEN_FILE } from '../store/directory/layout.js';
import type { Stores } from '../store/open-store.js';
import type { Metrics } from '../telemetry/metrics.js';

export interface AdminListenerDeps {
  readonly config: ResolvedConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly stores: Stores;
  readonly services: CacheServices;
  readonly targets: TargetMatcher;
  readonly front: Front;
  readonly cache: Cache;
  /** The cache as clients use it, with the hub's mirror: pulls read through it. */
  readonly facade: CacheFacade;
  readonly pulls: Pulls;
  readonly sweeps: Sweeps;
  /** The origins of the configuration that runs now. */
  readonly origins: () => ResolvedConfig['origins'];
}

export interface AdminListener {
  readonly admin: Admin;
  readonly token: Token;
}

/** Returns the listener, not yet listening; `null` if the configuration turns it off. */
export function createAdminListener(deps: AdminListenerDeps): AdminListener | null {
  const { config, version, clock, metrics, stores, services, targets, front } = deps;
  if (!config.admin.enabled) return null;
  const token = tokenFor(config, stores);
  const endpoints = apiEndpoints({
    transfers: { requests: front.requests, fills: services.fills, targets, clock },
    cache: {
      directory: config.cache.directory,
      usage: () => stores.chunks.usage(),
      responses: () => stores.responses.count,
    },
    token,
    facade: deps.facade,
    inventory: new Inventory({
      ...stores,
      targets,
      purges: services.purges,
      forget: (identity) => deps.cache.purge(identity),
    }),
    pins: stores.pins,
    pulls: deps.pulls,
    sweeps: deps.sweeps,
    origins: deps.origins,
    clock,
  });
  const admin = createAdmin({
    address: config.admin.address,
    metrics,
    // The store is open already, so whether the cache is writable has been decided.
    readiness: () => ({ listening: front.address !== null, cacheDecided: true }),
    endpoints,
    token,
    version,
  });
  return { admin, token };
}

function tokenFor({ admin }: ResolvedConfig, stores: Stores): Token {
  const { tokenFile } = admin;
  return loadToken(tokenFile === null ? stores.file(TOKEN_FILE) : namedTokenFile(tokenFile));
}

/** Returns warnings about the token for the operator, one line each. */
export function aboutToken(token: Token | undefined): readonly string[] {
  if (token === undefined) return [];
  if (token.kind === 'unavailable') return [`the admin API rejects all changes: ${token.why}`];
  return token.warning === null ? [] : [token.warning];
}
