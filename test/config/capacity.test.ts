import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Disk, keepAuto, resolveCapacity, systemDisk } from '#src/config/capacity.js';
import { loadConfig } from '#src/config/load.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const config = (capacity: string) =>
  loadConfig({ flags: { '--capacity': capacity }, env: {}, homeDirectory: () => '/user' });
const disk = (free: number, held: number): Disk => ({
  freeBytes: () => free,
  heldBytes: () => held,
});

t.test('a capacity in bytes is used without a look at the disk', async (t) => {
  const untouchable: Disk = {
    freeBytes: () => t.fail('asked') as never,
    heldBytes: () => t.fail('asked') as never,
  };
  const { config: resolved, reason } = resolveCapacity(config('10GiB'), untouchable);
  t.equal(resolved.cache.capacityBytes, 10 * GIB);
  t.equal(reason, 'as configured');
});

t.test('capacity auto is 80 % of free and held bytes', async (t) => {
  const { config: resolved, reason } = resolveCapacity(config('auto'), disk(9 * GIB, GIB));
  t.equal(resolved.cache.capacityBytes, 8 * GIB);
  t.equal(reason, '80 % of 9 GiB free and 1 GiB already in the cache');
});

t.test('a full disk gives the minimum, not an error', async (t) => {
  const { config: resolved, reason } = resolveCapacity(config('auto'), disk(0, 0));
  t.equal(resolved.cache.capacityBytes, 128 * MIB);
  t.match(reason, /minimum/);
});

t.test('a reload keeps the resolved value of auto, and applies a number', async (t) => {
  const running = resolveCapacity(config('auto'), disk(9 * GIB, GIB)).config;
  t.equal(keepAuto(config('auto'), running).cache.capacityBytes, 8 * GIB);
  t.equal(keepAuto(config('1GiB'), running).cache.capacityBytes, GIB);
});

t.test('systemDisk reads free and held bytes of a directory, existing or not', async (t) => {
  const directory = t.testdir({ cache: {} });
  const missing = join(directory, 'cache/not/made/yet');
  t.ok(systemDisk.freeBytes(missing) > 0, 'a missing directory has the room of the one above it');
  t.equal(systemDisk.heldBytes(missing), 0);
  mkdirSync(join(directory, 'cache/a/b'), { recursive: true });
  writeFileSync(join(directory, 'cache/a/b/file'), Buffer.alloc(3 * MIB, 1));
  const held = systemDisk.heldBytes(join(directory, 'cache'));
  t.ok(held >= 3 * MIB && held < 4 * MIB, `holds ${String(held)}`);
  const file = join(directory, 'cache/a/b/file');
  t.equal(
    systemDisk.heldBytes(file),
    0,
    'a file in the place of the directory is for the store to refuse',
  );
  t.ok(systemDisk.freeBytes(join(file, 'below')) > 0);
});
