/** Checks the kind and the free space of the file system of the cache directory. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Capacity, type Disk, systemDisk } from '../../config/capacity.js';
import { minimumCapacityBytes } from '../../config/lanes.js';
import { formatSize } from '../../config/units.js';
import { fail, type Finding, ok, warn } from './finding.js';

type Kind = 'local' | 'network' | 'memory' | 'overlay' | 'user-space';

/**
 * Magic numbers of statfs(2), from Linux's include/uapi/linux/magic.h and the file systems' code.
 */
const FILE_SYSTEMS: ReadonlyMap<number, readonly [name: string, kind: Kind]> = new Map([
  [0xef53, ['ext4', 'local']],
  [0x58465342, ['xfs', 'local']],
  [0x9123683e, ['btrfs', 'local']],
  [0x2fc12fc1, ['zfs', 'local']],
  [0xf2f52010, ['f2fs', 'local']],
  [0xca451a4e, ['bcachefs', 'local']],
  [0x6969, ['nfs', 'network']],
  [0x517b, ['smb', 'network']],
  [0xfe534d42, ['smb2', 'network']],
  [0xff534d42, ['cifs', 'network']],
  [0x00c36400, ['ceph', 'network']],
  [0x0bd00bd0, ['lustre', 'network']],
  [0x47504653, ['gpfs', 'network']],
  [0x19830326, ['beegfs', 'network']],
  [0x01021997, ['9p', 'network']],
  [0x65735546, ['fuse', 'user-space']],
  [0x01021994, ['tmpfs', 'memory']],
  [0x858458f6, ['ramfs', 'memory']],
  [0x794c7630, ['overlayfs', 'overlay']],
]);

const OBJECTIONS: Readonly<Record<Exclude<Kind, 'local'>, string>> = {
  network:
    'Put cache.directory on a local disk: locks and reads over the network are slow or unsafe.',
  memory:
    'Put cache.directory on a disk: this file system is in memory, and counts against its limits.',
  overlay:
    "Mount a volume for cache.directory: a container's layer is slow, and is deleted with the container.",
  'user-space':
    'Put cache.directory on a local disk: a process in user space handles every read of this file system.',
};

/** Returns the nearest directory that exists, from `directory` upwards. */
export function existingDirectory(directory: string): string {
  let candidate = directory;
  while (!existsSync(candidate) && dirname(candidate) !== candidate) candidate = dirname(candidate);
  return candidate;
}

/** Checks the kind of the file system, by its number in `statfs`. */
export function checkFileSystem(
  directory: string,
  typeOf: (path: string) => number = (path) => statfsSync(path).type,
): Finding {
  const path = existingDirectory(directory);
  // Node returns a signed number if the system's type is signed.
  const type = typeOf(path) >>> 0;
  const [name, kind] = FILE_SYSTEMS.get(type) ?? [
    `an unknown kind (0x${type.toString(16)})`,
    'local',
  ];
  const found = `${name}, of ${path}`;
  return kind === 'local' ? ok('file system', found) : warn('file system', found, OBJECTIONS[kind]);
}

/** Checks that the space for the capacity is free or already taken by the cache. */
export function checkSpace({ config, reason }: Capacity, disk: Disk = systemDisk): Finding {
  const { cache, fill } = config;
  const room = disk.freeBytes(cache.directory) + disk.heldBytes(cache.directory);
  const least = minimumCapacityBytes(cache.chunkSizeBytes, fill);
  const found = `capacity ${formatSize(cache.capacityBytes)} (${reason}); ${formatSize(room)} free or already in the cache`;
  if (room < least) {
    return fail(
      'space',
      found,
      `Provide at least ${formatSize(least)}, or choose another cache.directory.`,
    );
  }
  if (room >= cache.capacityBytes) return ok('space', found);
  return warn(
    'space',
    found,
    'Lower cache.capacity, or free space: the disk will be full before the capacity is reached.',
  );
}
