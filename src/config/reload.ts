/**
 * Which settings may change while the program runs, and which need a restart. Used by assemble at
 * SIGHUP, and by docs.ts for docs/CONFIG.md. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { minimumCapacityBytes } from './lanes.js';
import type { ResolvedConfig } from './schema.js';

/** Settings that take effect at a reload. Any other one, also a new one, needs a restart. */
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

/** What a reload does. */
export interface ReloadPlan {
  /** The configuration to run: settings that need a restart keep their values. */
  readonly config: ResolvedConfig;
  /** Keys whose new values need a restart, as written in the file. */
  readonly needsRestart: readonly string[];
}

/**
 * True when a reload applies the setting; `key` as in docs/CONFIG.md. All of `origins` is applied.
 */
export function isLive(key: string): boolean {
  return LIVE.has(key) || key.startsWith('origins');
}

/** Applies `wanted` to `running` as far as that is possible. */
export function planReload(running: ResolvedConfig, wanted: ResolvedConfig): ReloadPlan {
  const needsRestart: string[] = [];
  const sections = Object.entries(running).map(([section, settings]): [string, unknown] => {
    const next: unknown = wanted[section as keyof ResolvedConfig];
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
  // Each section has the keys that it had.
  const config = Object.fromEntries(sections) as ResolvedConfig;
  if (!fitsItsLanes(config)) {
    // Enough for the lanes in the file, too little for those that run.
    const { capacityBytes } = running.cache;
    needsRestart.push('cache.capacity');
    return { config: { ...config, cache: { ...config.cache, capacityBytes } }, needsRestart };
  }
  return { config, needsRestart };
}

/** `cache` and `chunkSizeBytes` make `cache.chunkSize`: the program's names have their units. */
export function settingKey(section: string, name: string): string {
  return `${section}.${name.replace(/(?:BytesPerSecond|Bytes|Ms)$/, '')}`;
}

function fitsItsLanes({ cache, fill }: ResolvedConfig): boolean {
  return cache.capacityBytes >= minimumCapacityBytes(cache.chunkSizeBytes, fill);
}
