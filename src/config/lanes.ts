/**
 * The arithmetic of lanes, which are places for connections to origins: how many there are, how
 * many the program counts on, and how many a capacity has room for. Pure.
 */

/**
 * Lanes of each thread that any origin may use. Those beyond are for origins that gain from more
 * connections; quotas and reservations per lane are computed from these.
 */
export const BASE_LANES_PER_THREAD = 4;

/** Connections that an origin begins with; more only while they raise its throughput. */
export const FIRST_CONNECTIONS = 8;

/** Chunks that must fit beside one per lane: below this, readers and fills evict each other. */
export const MIN_CAPACITY_CHUNKS = 8;

/** The settings that decide how many lanes there are. */
export interface LaneSettings {
  readonly threads: number;
  readonly connectionsPerThread: number;
}

/** Lanes in all. */
export function laneCount({ threads, connectionsPerThread }: LaneSettings): number {
  return threads * connectionsPerThread;
}

/** Those of them that the program counts on. */
export function baseLanes({ threads, connectionsPerThread }: LaneSettings): number {
  return threads * Math.min(connectionsPerThread, BASE_LANES_PER_THREAD);
}

/** The least capacity that a cache of these chunks and lanes works in, in bytes. */
export function minimumCapacityBytes(chunkSizeBytes: number, fill: LaneSettings): number {
  return (MIN_CAPACITY_CHUNKS + baseLanes(fill)) * chunkSizeBytes;
}

/** Lanes that may be busy at once: each fills a chunk, for which a small capacity has no room. */
export function usableLanes(
  cache: { readonly capacityBytes: number; readonly chunkSizeBytes: number },
  fill: LaneSettings,
): number {
  const chunks = Math.floor(cache.capacityBytes / cache.chunkSizeBytes);
  return Math.max(baseLanes(fill), Math.min(laneCount(fill), chunks - MIN_CAPACITY_CHUNKS));
}
