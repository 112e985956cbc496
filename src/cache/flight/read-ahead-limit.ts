/**
 * How many chunks ahead a reader may open. Pure; used by cache/body/read-ahead and
 * cache/object/drive.
 */
import type { FillPool } from '../../compute/fill-pool.js';
import { FIRST_CONNECTIONS } from '../../config/lanes.js';
import type { Upstream } from '../../origin/upstream.js';
import type { CacheLimits } from '../api/services.js';

/** What bounds read-ahead. */
interface ReadAheadBounds {
  readonly limits: Pick<CacheLimits, 'readAheadChunks'>;
  readonly pools: { readonly fill: Pick<FillPool, 'allowedConnections'> };
}

/**
 * Chunks that one reader may have open ahead of itself: as many as are configured, and in
 * proportion more while the origin is allowed more connections than it begins with, which would
 * have nothing to fetch else.
 */
export function readAheadChunks(
  { limits, pools }: ReadAheadBounds,
  { name, maxConnections }: Pick<Upstream, 'name' | 'maxConnections'>,
): number {
  const allowed = pools.fill.allowedConnections(name, maxConnections);
  return Math.ceil(limits.readAheadChunks * Math.max(1, allowed / FIRST_CONNECTIONS));
}
