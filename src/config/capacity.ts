/**
 * Resolves `capacity: auto` to bytes: examines the disk once, at start, and explains the result.
 * Called by cli/serve.
 */
import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minimumCapacityBytes } from './lanes.js';
import type { Config, ResolvedConfig } from './schema.js';
import { formatSize } from './units.js';

/**
 * Share of the space for `auto`. The rest is for other programs: an almost full file system is
 * slow.
 */
const AUTO_SHARE = 0.8;

/** The unit of `blocks` in `lstat` on every file system (POSIX st_blocks). */
const STAT_BLOCK_BYTES = 512;

/** The queries about a disk, as an interface so that tests need no real one. */
export interface Disk {
  /** Returns the free bytes of the file system of `directory`, which need not exist yet. */
  freeBytes(directory: string): number;
  /** Returns the bytes that the files below `directory` take; 0 when it does not exist. */
  heldBytes(directory: string): number;
}

export interface Capacity {
  readonly config: ResolvedConfig;
  /** Explains the number, for the start-up line. */
  readonly reason: string;
}

/** Resolves the capacity. If there is too little space for `auto`, takes the minimum. */
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
  const found = `${formatSize(free)} free and ${formatSize(held)} already in the cache`;
  if (share >= least) return settle(share, `${String(AUTO_SHARE * 100)} % of ${found}`);
  return settle(
    least,
    `the minimum, because there are only ${found}: chunks that do not fit are served through memory`,
  );
}

/** Resolves the capacity at a reload: `auto` keeps the number that it had at start. */
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
        // The directory does not exist yet or must not be entered: try its parent, up to `/`.
        if (dirname(candidate) === candidate) throw error;
      }
    }
  },
  heldBytes(directory) {
    let bytes = 0;
    for (const file of filesBelow(directory)) {
      // A file that was deleted meanwhile takes no bytes.
      bytes += (lstatSync(file, { throwIfNoEntry: false })?.blocks ?? 0) * STAT_BLOCK_BYTES;
    }
    return bytes;
  },
};

/** Yields every file below `directory`; nothing if it is missing or may not be read. */
function* filesBelow(directory: string): Generator<string> {
  const entries = (() => {
    try {
      return readdirSync(directory, { withFileTypes: true });
    } catch {
      // The store reports problems with the directory, in more detail.
      return [];
    }
  })();
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}
