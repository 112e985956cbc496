/**
 * Turns `capacity: auto` into bytes: looks at the disk once, at start, and explains the number.
 * Called by cli/serve.
 */
import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minimumCapacityBytes } from './lanes.js';
import type { Config, ResolvedConfig } from './schema.js';
import { formatSize } from './units.js';

/** The rest is left to the system and to others: a file system that is quite full gets slow. */
const AUTO_SHARE = 0.8;

/** `lstat` counts blocks of this size, whatever the file system's own (POSIX st_blocks). */
const STAT_BLOCK_BYTES = 512;

/** The disk's figures, passed in so that tests need no real disk. */
export interface Disk {
  /** Bytes that may still be written where `directory` is or will be. */
  freeBytes(directory: string): number;
  /** Bytes that the files below `directory` take; 0 when there is none. */
  heldBytes(directory: string): number;
}

export interface Capacity {
  readonly config: ResolvedConfig;
  /** For people: how the number came about. */
  readonly reason: string;
}

/** Settles the capacity. Never fails: where `auto` finds too little room, it takes the minimum. */
export function resolveCapacity(config: Config, disk: Disk = systemDisk): Capacity {
  const { cache, fill } = config;
  const settle = (capacityBytes: number, reason: string): Capacity => ({
    config: { ...config, cache: { ...cache, capacityBytes } },
    reason,
  });
  if (cache.capacityBytes !== 'auto') return settle(cache.capacityBytes, 'as configured');

  const free = disk.freeBytes(cache.directory);
  const held = disk.heldBytes(cache.directory);
  const share = Math.floor(AUTO_SHARE * (free + held));
  const least = minimumCapacityBytes(cache.chunkSizeBytes, fill);
  const found = `${formatSize(free)} free and ${formatSize(held)} held already`;
  if (share >= least) return settle(share, `${String(AUTO_SHARE * 100)} % of ${found}`);
  return settle(
    least,
    `the minimum, because there are only ${found}: what does not fit is served through memory`,
  );
}

/** For a reload: `auto` was computed at the start, when nothing was served yet, and stays. */
export function keepAuto(config: Config, running: ResolvedConfig): ResolvedConfig {
  const { capacityBytes } = config.cache;
  const settled = capacityBytes === 'auto' ? running.cache.capacityBytes : capacityBytes;
  return { ...config, cache: { ...config.cache, capacityBytes: settled } };
}

/** The machine's own disk. */
export const systemDisk: Disk = {
  freeBytes(directory) {
    for (let candidate = directory; ; candidate = dirname(candidate)) {
      try {
        const { bavail, bsize } = statfsSync(candidate);
        return bavail * bsize;
      } catch (error) {
        // The directory does not exist yet, or may not be entered: the nearest one above it counts.
        if (dirname(candidate) === candidate) throw error;
      }
    }
  },
  heldBytes(directory) {
    let bytes = 0;
    for (const file of filesBelow(directory)) {
      // A file that goes away in between holds nothing.
      bytes += (lstatSync(file, { throwIfNoEntry: false })?.blocks ?? 0) * STAT_BLOCK_BYTES;
    }
    return bytes;
  },
};

/** Every file below `directory`; none if it is missing or may not be read. */
function* filesBelow(directory: string): Generator<string> {
  const entries = (() => {
    try {
      return readdirSync(directory, { withFileTypes: true });
    } catch {
      // The store's own message about the directory will be better.
      return [];
    }
  })();
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}
