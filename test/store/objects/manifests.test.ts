import { existsSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { objectKey } from '#src/store/objects/keys.js';
import { Layout } from '#src/store/directory/layout.js';
import { MemoryBudget } from '#src/model/memory-budget.js';
import {
  chunkOf,
  identityOf,
  readsRight,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../../fixtures/store-chunks.js';
import { diskUsage } from '../../fixtures/store-disk-usage.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { fillDisk, mountSmallDisk } from '../../fixtures/store-mounts.js';
import { openTestStore, shareFor } from '../../fixtures/store-opening.js';

t.test('an object without stored chunks leaves no file', async (t) => {
  const directory = t.testdir({});
  const { chunks } = await openTestStore(t);
  const identity = identityOf('empty', 10);
  const used = chunks.usage().usedBytes;
  (await chunks.openObject(identity)).release();
  t.notOk(existsSync(new Layout(directory).manifest(objectKey(identity))));
  t.equal(chunks.usage().usedBytes, used);
});

t.test('the least recently used manifests are evicted, open ones stay', async (t) => {
  const directory = t.testdir({});
  const layout = new Layout(directory);
  const { chunks } = await openTestStore(t, { metadataCapacityBytes: shareFor(3) });
  const open = await chunks.openObject(identityOf('open', 10));
  await storeAndRelease(chunks, open, chunkOf('open', 0, 10));
  for (const name of ['a', 'b', 'c', 'd']) {
    const object = await chunks.openObject(identityOf(name, 10));
    await storeAndRelease(chunks, object, chunkOf(name, 0, 10));
    object.release();
  }
  (await chunks.openObject(identityOf('c', 10))).release();
  t.ok(await eventually(() => chunks.usage().objects === 3));
  const exists = (name: string): boolean =>
    existsSync(layout.manifest(objectKey(identityOf(name, 10))));
  t.strictSame(['open', 'a', 'b'].map(exists), [true, false, false]);
  t.ok(chunks.isHeld(open, 0));
  t.match(chunks.usage(), { chunks: 3, orphans: 0 }, 'small chunks went with their manifests');
  const anew = await chunks.openObject(identityOf('a', 10));
  t.equal(anew.record(0), undefined);
  t.ok(await storeAndRelease(chunks, anew, chunkOf('a', 0, 10)));
  t.ok(await eventually(() => chunks.usage().objects === 3));
  t.strictSame(['c', 'd'].map(exists), [true, false], 'c was opened last');
});

t.test('a manifest full of dead records is rewritten while it is in use', async (t) => {
  const directory = t.testdir({});
  const opened = await openTestStore(t);
  const { chunks } = opened;
  const identity = identityOf('busy', 10);
  const object = await chunks.openObject(identity);
  const path = new Layout(directory).manifest(objectKey(identity));
  let largest = 0;
  for (let round = 0; round < 450; round += 1) {
    await storeAndRelease(chunks, object, chunkOf(`round ${String(round)}`, 0, 10));
    largest = Math.max(largest, statSync(path).size);
  }
  t.ok(largest > 64 * 1024 && largest < 70 * 1024, `${String(largest)} bytes`);
  t.ok(await eventually(() => statSync(path).size < largest / 2));
  t.ok(chunks.usage().usedBytes >= diskUsage(directory));
  await opened.close();
  const again = await openTestStore(t);
  const last = chunkOf('round 449', 0, 10);
  t.ok(await readsRight(again.chunks, await again.chunks.openObject(identity), last));
});

t.test('concurrent commits and opens of one object all count', async (t) => {
  const directory = t.testdir({});
  const opened = await openTestStore(t);
  const { chunks } = opened;
  const identity = identityOf('parallel', null);
  const parts = Array.from({ length: 20 }, (_, index) => chunkOf('parallel', index, 100 + index));
  await Promise.all(
    parts.map(async (part) => {
      const object = await chunks.openObject(identity);
      await storeAndRelease(chunks, object, part);
      object.release();
    }),
  );
  const object = await chunks.openObject(identity);
  for (const part of parts) t.ok(await readsRight(chunks, object, part));
  await opened.close();
  const text = readFileSync(new Layout(directory).manifest(objectKey(identity)), 'utf8');
  t.equal(text.split('"kind":"object"').length, 2, 'one first record');
  const again = await openTestStore(t);
  const reopened = await again.chunks.openObject(identity);
  for (const part of parts) t.ok(await readsRight(again.chunks, reopened, part));
});

t.test('a release during a commit loses nothing', async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t);
  const identity = identityOf('released', 10);
  const object = await chunks.openObject(identity);
  const { bytes, record } = chunkOf('released', 0, 10);
  const draft = await chunks.draft(10);
  writeSync(draft.file.fd, bytes, 0, 10, 0);
  const committing = chunks.commit(object, draft, record);
  object.release();
  const held = await committing;
  held?.release();
  t.ok(await readsRight(chunks, await chunks.openObject(identity), chunkOf('released', 0, 10)));
});

t.test('a deleted shard directory costs one commit', async (t) => {
  const directory = t.testdir({});
  const { chunks, clock } = await openTestStore(t);
  const object = await chunks.openObject(identityOf('swept', null));
  await storeAndRelease(chunks, object, chunkOf('swept', 0, 10));
  rmSync(join(directory, 'chunks/v1'), { recursive: true });
  t.ok(await readsRight(chunks, object, chunkOf('swept', 0, 10)), 'it is open still');
  await chunks.drop(object, 0, 'missing');
  let stored = false;
  for (let attempt = 0; attempt < 2 && !stored; attempt += 1) {
    stored = await storeAndRelease(chunks, object, chunkOf('swept', 0, 10));
    clock.advance(1000);
  }
  t.ok(stored);
});

t.test('a record without room on the disk undoes its chunk', async (t) => {
  const disk = mountSmallDisk(t, 1 << 20);
  if (disk === undefined) return;
  const { chunks, events } = await openTestStore(t, { directory: disk });
  const object = await chunks.openObject(identityOf('full', 8192));
  const chunk = chunkOf('full', 0, 8192);
  const draft = await chunks.draft(8192);
  writeSync(draft.file.fd, chunk.bytes, 0, 8192, 0);
  fillDisk(disk);
  t.equal(await chunks.commit(object, draft, chunk.record), null);
  t.strictSame(events.lines, ['error append ENOSPC']);
  t.notOk(chunks.isHeld(object, 0));
  t.equal(object.record(0), undefined);
  const layout = new Layout(disk);
  t.notOk(existsSync(layout.chunk(chunk.record.id)));
  t.notOk(existsSync(layout.manifest(object.key)));
  t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
});

t.test('a pin set while the store is open applies from the next open on', async (t) => {
  t.testdir({});
  const pinned = new Set<string>();
  const { chunks } = await openTestStore(t, {
    capacityBytes: 6 * TEST_CHUNK_BYTES,
    memory: new MemoryBudget(0),
    pinned: ({ uri }) => pinned.has(uri),
  });
  const keep = identityOf('keep', null);
  const object = await chunks.openObject(keep);
  await storeAndRelease(chunks, object, chunkOf('keep', 0, TEST_CHUNK_BYTES));
  object.release();
  pinned.add(keep.uri);
  (await chunks.openObject(keep)).release();
  const others = await chunks.openObject(identityOf('others', null));
  for (let index = 0; index < 8; index += 1) {
    await storeAndRelease(chunks, others, chunkOf('others', index, TEST_CHUNK_BYTES));
  }
  const again = await chunks.openObject(keep);
  t.ok(chunks.isHeld(again, 0), 'it outlived what was used after it');
  again.release();
});
