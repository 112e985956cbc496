/**
 * Reads the bounds of the cache (`CacheServices.limits`) from the configuration. Used by assemble.
 */
import type { CacheLimits } from '../cache/api/services.js';
import type { ResolvedConfig } from '../config/schema.js';
import type { FetchLimits } from '../model/fetch.js';

/** Returns the bounds that `config` sets. Called again at each reload. */
export function cacheLimits(config: ResolvedConfig): CacheLimits {
  return {
    chunkSizeBytes: config.cache.chunkSizeBytes,
    readAheadChunks: config.fill.readAheadChunks,
    requestTimeoutMs: config.fill.requestTimeoutMs,
    fetch: fetchLimits(config),
  };
}

function fetchLimits({ fill }: ResolvedConfig): FetchLimits {
  return {
    connectTimeoutMs: fill.connectTimeoutMs,
    firstByteTimeoutMs: fill.firstByteTimeoutMs,
    idleTimeoutMs: fill.idleTimeoutMs,
    minRateBytesPerSecond: fill.minRateBytesPerSecond,
    minRateWindowMs: fill.minRateWindowMs,
    maxAttempts: fill.maxAttempts,
    retryBaseMs: fill.retryBaseMs,
    retryCapMs: fill.retryCapMs,
    retryAfterCapMs: fill.retryAfterCapMs,
  };
}
