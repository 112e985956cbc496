/**
 * Derives the settings of the HTTP front from the configuration. Called by assemble, at the start
 * and at each reload.
 */
import type { ResolvedConfig } from '../config/schema.js';
import type { FrontConfig } from '../http/server.js';
import { isHub } from './hub-settings.js';

/** `config` is the running one: a setting that waits for a restart has its old value. */
export function frontConfig({ listen, origins, hub }: ResolvedConfig): FrontConfig {
  return {
    listen,
    origins: origins.map((origin) => ({
      ...origin,
      isHub: isHub(origin),
      isLent:
        Object.keys(origin.headers).length > 0 ||
        origin.certFile !== undefined ||
        (isHub(origin) && hub.tokenFile !== null),
    })),
  };
}
