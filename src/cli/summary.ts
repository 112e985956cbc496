/**
 * Summarises a configuration in lines of text, which `serve` prints at start, and `validate`.
 */
import type { Capacity } from '../config/capacity.js';
import { formatAddress, type ListenAddress } from '../config/kinds.js';
import { formatSize } from '../config/units.js';

export interface Addresses {
  readonly listenAddress: ListenAddress;
  /** `null` when the admin listener is off. */
  readonly adminAddress: ListenAddress | null;
}

/** Returns a line for each address and origin, for the cache directory and for the capacity. */
export function summaryLines(
  { config, reason }: Capacity,
  { listenAddress, adminAddress }: Addresses,
): readonly string[] {
  const { cache, origins } = config;
  const mounts = origins.map(({ mount, url, name, integrity }) => {
    const mode = integrity === 'strict' ? ', strict integrity' : '';
    return `origin   ${mount} -> ${url} (${name}${mode})`;
  });
  return [
    `listen   http://${formatAddress(listenAddress)}`,
    `admin    ${adminAddress === null ? 'off' : `http://${formatAddress(adminAddress)}`}`,
    ...mounts,
    `cache    ${cache.directory}, chunks of ${formatSize(cache.chunkSizeBytes)}`,
    `capacity ${formatSize(cache.capacityBytes)}: ${reason}`,
  ];
}

/** Returns the configured addresses. */
export function configuredAddresses({ config }: Capacity): Addresses {
  const { listen, admin } = config;
  return { listenAddress: listen.address, adminAddress: admin.enabled ? admin.address : null };
}
