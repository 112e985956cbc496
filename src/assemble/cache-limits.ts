/**
 * The cache's bounds from the configuration: what `CacheServices.limits` holds. Called by assemble.
 */
import type { CacheLimits } from '../cache/api/services.js';
import type { ResolvedConfig } from '../config/schema.js';
import type { FetchLimits } from '../model/fetch.js';

/** The limits of `config`; a reload computes them again. */
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
