/**
 * Computes how far ahead a reader may open chunks. Pure; used by cache/body/read-ahead and
 * cache/object/drive.
 */
import type { FillPool } from '../../compute/fill-pool.js';
import { FIRST_CONNECTIONS } from '../../config/lanes.js';
import type { Upstream } from '../../origin/upstream.js';
import type { CacheLimits } from '../api/services.js';

/** The settings and state that bound read-ahead. */
interface ReadAheadBounds {
  readonly limits: Pick<CacheLimits, 'readAheadChunks'>;
  readonly pools: { readonly fill: Pick<FillPool, 'allowedConnections'> };
}

/**
 * Returns the number of chunks that one reader may have open ahead of itself: the configured
 * number, and proportionally more while the origin is allowed more connections than at first.
 * Without more read-ahead, those connections would have nothing to fetch.
 */
export function readAheadChunks(
  { limits, pools }: ReadAheadBounds,
  { name, maxConnections }: Pick<Upstream, 'name' | 'maxConnections'>,
): number {
  const allowed = pools.fill.allowedConnections(name, maxConnections);
  return Math.ceil(limits.readAheadChunks * Math.max(1, allowed / FIRST_CONNECTIONS));
}
