/**
 * Decides which settings of a new configuration apply while the program runs, and which need a
 * restart. Used by assemble at SIGHUP, and by docs.ts, so that docs/CONFIG.md agrees. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { minimumCapacityBytes } from './lanes.js';
import type { ResolvedConfig } from './schema.js';

/** Settings that a reload applies. Every other setting needs a restart. */
const LIVE: ReadonlySet<string> = new Set([
  'listen.hosts',
  'listen.maxConnections',
  'listen.headersTimeout',
  'listen.requestTimeout',
  'listen.keepAliveTimeout',
  'listen.clientIdleTimeout',
  'listen.clientMinRate',
  'listen.drainTimeout',
  'listen.forwarded',
  'cache.capacity',
  'cache.metadataCapacity',
  'fill.readAheadChunks',
  'fill.connectTimeout',
  'fill.firstByteTimeout',
  'fill.idleTimeout',
  'fill.minRate',
  'fill.minRateWindow',
  'fill.maxAttempts',
  'fill.retryBase',
  'fill.retryCap',
  'fill.retryAfterCap',
  'fill.requestTimeout',
  'hub.authorizationTtl',
  'hub.offline',
  'log.level',
  'log.format',
  'log.access',
]);

/** The result of a reload. */
export interface ReloadPlan {
  /** The configuration to run with: settings that need a restart keep their values. */
  readonly config: ResolvedConfig;
  /** Keys, as in the file, whose new values need a restart. */
  readonly needsRestart: readonly string[];
}

/**
 * True when a reload applies the setting; `key` as in docs/CONFIG.md. All of `origins` is applied.
 */
export function isLive(key: string): boolean {
  return LIVE.has(key) || key.startsWith('origins');
}

/** Merges the settings of `loaded` that can change while the program runs into `running`. */
export function planReload(running: ResolvedConfig, loaded: ResolvedConfig): ReloadPlan {
  const needsRestart: string[] = [];
  const sections = Object.entries(running).map(([section, settings]): [string, unknown] => {
    const next: unknown = loaded[section as keyof ResolvedConfig];
    if (section === 'origins') return [section, next];
    const values = Object.entries(settings as Readonly<Record<string, unknown>>);
    const merged = values.map(([name, value]): [string, unknown] => {
      const found = (next as Readonly<Record<string, unknown>>)[name];
      const key = settingKey(section, name);
      if (isLive(key) || isDeepStrictEqual(found, value)) return [name, found];
      needsRestart.push(key);
      return [name, value];
    });
    return [section, Object.fromEntries(merged)];
  });
  // Each section has the same keys as before.
  const config = Object.fromEntries(sections) as ResolvedConfig;
  if (!fitsItsLanes(config)) {
    // The capacity suffices for the lanes in the new file, but not for the running ones.
    const { capacityBytes } = running.cache;
    needsRestart.push('cache.capacity');
    return { config: { ...config, cache: { ...config.cache, capacityBytes } }, needsRestart };
  }
  return { config, needsRestart };
}

/** Returns `cache.chunkSize` for `cache` and `chunkSizeBytes`: names in the program have units. */
export function settingKey(section: string, name: string): string {
  return `${section}.${name.replace(/(?:BytesPerSecond|Bytes|Ms)$/, '')}`;
}

function fitsItsLanes({ cache, fill }: ResolvedConfig): boolean {
  return cache.capacityBytes >= minimumCapacityBytes(cache.chunkSizeBytes, fill);
}
