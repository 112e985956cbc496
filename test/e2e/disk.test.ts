/**
 * A cache directory that cannot be written: full, or read-only. Requests are served all the same.
 */
import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheStatusOf, get } from '../fixtures/program-client.js';
import { type Scene, startScene } from '../fixtures/program-scene.js';
import { mountSmallDisk, remount } from '../fixtures/store-mounts.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 17;
const LENGTH = 24 * MEBIBYTE + 1234;

/** Less than the object: what does not fit must not be waited for. */
const MEMORY = { FOREBAY_CACHE_SERVE_THROUGH_MEMORY: '16MiB' };

async function isServed(t: Test, { program, url, isRight }: Scene): Promise<void> {
  t.equal((await get(`${program.adminUrl}/readyz`)).status, 200, 'ready');
  const got = await Promise.all([get(url), get(url), get(url)]);
  t.ok(got.every(isRight), 'three clients at once have the right bytes');
  t.ok(isRight(await get(url)), 'and one later');
  t.equal((await get(`${program.adminUrl}/readyz`)).status, 200, 'still ready');
  await program.metricReaches('forebay_cache_memory_bytes', (bytes) => bytes === 0);
}

t.test('a disk that is full at the start is served through memory', async (t) => {
  const disk = mountSmallDisk(t, 8 * MEBIBYTE);
  if (disk === undefined) return;
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'others'), Buffer.alloc(bavail * bsize - 64 * 1024));
  const cacheDirectory = join(disk, 'cache');
  const scene = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    cacheDirectory,
    env: MEMORY,
  });
  await isServed(t, scene);
  t.ok((await scene.program.metric('forebay_disk_errors_total', 'ENOSPC')) > 0, 'and counted');
  t.equal(await scene.program.stop(), 0);
});

t.test('a disk that fills during a fetch does not break the response', async (t) => {
  const disk = mountSmallDisk(t, 8 * MEBIBYTE);
  if (disk === undefined) return;
  const cacheDirectory = join(disk, 'cache');
  const scene = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    cacheDirectory,
    env: MEMORY,
  });
  await isServed(t, scene);
  t.equal(await scene.program.stop(), 0);
});

t.test('a read-only disk with a cache is served from', async (t) => {
  const disk = mountSmallDisk(t, 64 * MEBIBYTE);
  if (disk === undefined) return;
  const cacheDirectory = join(disk, 'cache');
  const options = { seed: SEED, lengthBytes: LENGTH, cacheDirectory, env: MEMORY };
  const before = await startScene(t, options);
  t.ok(before.isRight(await get(before.url)));
  t.equal(await before.program.stop(), 0);
  remount(disk, 'ro');

  const scene = await startScene(t, options);
  t.match(scene.program.stderr(), /cannot be written/);
  t.equal(await scene.program.metric('forebay_cache_writable'), 0);
  await isServed(t, scene);
  t.equal(await scene.program.stop(), 0);
});

t.test('a read-only disk without a cache is served through memory', async (t) => {
  const disk = mountSmallDisk(t, MEBIBYTE);
  if (disk === undefined) return;
  remount(disk, 'ro');
  const cacheDirectory = join(disk, 'cache');
  const scene = await startScene(t, {
    seed: SEED,
    lengthBytes: LENGTH,
    cacheDirectory,
    env: MEMORY,
  });
  await isServed(t, scene);
  t.notMatch(cacheStatusOf(await get(scene.url)), /;hit/);
  t.equal(await scene.program.stop(), 0);
});
