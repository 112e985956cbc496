/**
 * Counts lanes, which are places for one connection to an origin each: all of them, the base lanes
 * that reservations are made for, and those that a capacity has room for. Pure.
 */

/**
 * Lanes of each thread that are used for every kind of origin. Further lanes are used for origins
 * that gain from more connections. Bounds and reservations per lane count base lanes only.
 */
export const BASE_LANES_PER_THREAD = 4;

/** Connections that an origin starts with; it gets more only while they raise its throughput. */
export const FIRST_CONNECTIONS = 8;

/**
 * Chunks that must fit in addition to one per lane: with fewer, readers and fills evict each other.
 */
export const MIN_CAPACITY_CHUNKS = 8;

/** The settings that determine the number of lanes. */
export interface LaneSettings {
  readonly threads: number;
  readonly connectionsPerThread: number;
}

/** Returns the number of all lanes. */
export function laneCount({ threads, connectionsPerThread }: LaneSettings): number {
  return threads * connectionsPerThread;
}

/** Returns the number of base lanes. */
export function baseLanes({ threads, connectionsPerThread }: LaneSettings): number {
  return threads * Math.min(connectionsPerThread, BASE_LANES_PER_THREAD);
}

/** Returns the smallest capacity that works with these chunks and lanes, in bytes. */
export function minimumCapacityBytes(chunkSizeBytes: number, fill: LaneSettings): number {
  return (MIN_CAPACITY_CHUNKS + baseLanes(fill)) * chunkSizeBytes;
}

/** Returns how many lanes may be busy at once: the capacity needs room for a chunk of each one. */
export function usableLanes(
  cache: { readonly capacityBytes: number; readonly chunkSizeBytes: number },
  fill: LaneSettings,
): number {
  const chunks = Math.floor(cache.capacityBytes / cache.chunkSizeBytes);
  return Math.max(baseLanes(fill), Math.min(laneCount(fill), chunks - MIN_CAPACITY_CHUNKS));
}
