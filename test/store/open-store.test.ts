import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PROBE_INTERVAL_MS } from '#src/store/chunks/disk-health.js';
import {
  chunkOf,
  identityOf,
  readsRight,
  store,
  storeAndRelease,
} from '../fixtures/store-chunks.js';
import { fillDisk, mountSmallDisk, remount } from '../fixtures/store-mounts.js';
import { eventually } from '../fixtures/store-eventually.js';
import { openTestStore, shareFor } from '../fixtures/store-opening.js';

const IDENTITY = identityOf('model', 1000);
const CHUNK = chunkOf('model', 0, 1000);

t.test('an unusable directory is a clear error', async (t) => {
  const directory = t.testdir({
    file: '',
    cache: { 'forebay.json': '{"format":9,"chunkSizeBytes":1}' },
  });
  const inFile = join(directory, 'file', 'cache');
  await t.rejects(openTestStore(t, { directory: inFile }), {
    name: 'StartupError',
    code: 'cache-directory',
    errno: 'ENOTDIR',
    path: inFile,
  });
  const wrong = openTestStore(t, { directory: join(directory, 'cache') });
  await t.rejects(wrong, { name: 'StartupError', code: 'cache-format' });
  // /proc takes no directories, whoever asks.
  await t.rejects(openTestStore(t, { directory: '/proc/forebay' }), { code: 'cache-directory' });
});

t.test('a failed start releases the directory', async (t) => {
  const directory = t.testdir({});
  const opened = await openTestStore(t);
  await t.rejects(openTestStore(t), { code: 'cache-locked' });
  await opened.close();
  await t.rejects(openTestStore(t, { chunkSizeBytes: 2 << 20 }), { code: 'cache-chunk-size' });
  await t.rejects(openTestStore(t, { capacityBytes: 0.5 }), TypeError);
  writeFileSync(join(directory, 'chunks/v1/ab'), 'a file where a shard should be');
  await openTestStore(t);
});

t.test('a read-only cache is served from, and written to once writable', async (t) => {
  const disk = mountSmallDisk(t, 4 << 20);
  if (disk === undefined) return;
  const first = await openTestStore(t, { directory: disk });
  await storeAndRelease(first.chunks, await first.chunks.openObject(IDENTITY), CHUNK);
  await first.close();
  remount(disk, 'ro');
  const { chunks, clock, events } = await openTestStore(t, { directory: disk });
  t.equal(chunks.usage().writable, false);
  const object = await chunks.openObject(IDENTITY);
  t.ok(await readsRight(chunks, object, CHUNK));
  const other = await chunks.openObject(identityOf('other', 500));
  t.equal(await store(chunks, other, chunkOf('other', 0, 500)), null);
  await chunks.drop(object, 0, 'corrupt');
  t.notOk(chunks.isHeld(object, 0), 'a miss, though the file cannot be deleted');
  await chunks.attest(other, { algorithm: 'sha256', hex: 'a'.repeat(64) });
  t.ok(events.lines.includes('error prepare EROFS'));
  remount(disk, 'rw');
  clock.advance(PROBE_INTERVAL_MS);
  t.ok(await storeAndRelease(chunks, other, chunkOf('other', 0, 500)));
  t.equal(chunks.usage().writable, true);
});

t.test('on a full disk objects are served through memory until there is room', async (t) => {
  const disk = mountSmallDisk(t, 2 << 20);
  if (disk === undefined) return;
  const directory = join(disk, 'cache');
  mkdirSync(directory);
  const filler = fillDisk(disk);
  const opened = await openTestStore(t, { directory });
  const { chunks, clock } = opened;
  t.equal(chunks.usage().writable, false);
  const object = await chunks.openObject(IDENTITY);
  t.equal(await store(chunks, object, CHUNK), null);
  const draft = await chunks.draft(1000);
  t.equal(draft.placement, 'memory');
  draft.discard();
  rmSync(filler);
  clock.advance(PROBE_INTERVAL_MS);
  t.ok(await storeAndRelease(chunks, object, CHUNK));
  await opened.close();
  const again = await openTestStore(t, { directory });
  t.ok(await readsRight(again.chunks, await again.chunks.openObject(IDENTITY), CHUNK));
});

t.test('a lowered metadata share is reached soon after the start', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  for (const name of ['a', 'b', 'c']) {
    const object = await first.chunks.openObject(identityOf(name, 10));
    await storeAndRelease(first.chunks, object, chunkOf(name, 0, 10));
  }
  await first.close();
  const { chunks } = await openTestStore(t, { metadataCapacityBytes: shareFor(1) });
  t.ok(await eventually(() => chunks.usage().objects === 1));
  t.match(chunks.usage(), { chunks: 1, orphans: 0 });
  t.ok(chunks.isHeld(await chunks.openObject(identityOf('c', 10)), 0), 'the warmest stayed');
});
