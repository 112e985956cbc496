/** The constructor options of both clients, and their common bound on idle connections. */
import type { Clock } from '../model/time.js';

/**
 * How long a lane keeps an idle connection. Most origins close theirs after 5 to 75 s; a longer
 * time would only occupy descriptors on both sides.
 */
export const IDLE_CONNECTION_MS = 30_000;

export interface OriginClientOptions {
  readonly clock: Clock;
  /** PEM certificates to trust instead of Node's own. */
  readonly ca?: string;
}
