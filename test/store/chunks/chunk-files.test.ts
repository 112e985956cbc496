import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Layout } from '#src/store/directory/layout.js';
import { MAX_IDLE_FILES } from '#src/store/chunks/open-files.js';
import {
  chunkOf,
  identityOf,
  readsRight,
  store,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../../fixtures/store-chunks.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { openTestStore } from '../../fixtures/store-opening.js';

const CHUNK = chunkOf('model', 0, 1000);
const IDENTITY = identityOf('model', 1000);

t.test('a pending drop does not delete the file that replaces it', async (t) => {
  const layout = new Layout(t.testdir({}));
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  for (let round = 0; round < 20; round += 1) {
    await storeAndRelease(chunks, object, CHUNK);
    const dropping = chunks.drop(object, 0, 'replaced');
    const held = await store(chunks, object, CHUNK);
    await dropping;
    t.ok(held);
    t.ok(existsSync(layout.chunk(CHUNK.record.id)));
    held?.release();
  }
});

t.test('concurrent acquires of one chunk open one descriptor', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  await storeAndRelease(first.chunks, await first.chunks.openObject(IDENTITY), CHUNK);
  await first.close();
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  const all = await Promise.all(Array.from({ length: 20 }, () => chunks.acquire(object, 0)));
  t.equal(new Set(all.map((held) => held?.file)).size, 1);
  for (const held of all) held?.release();
  t.ok(await readsRight(chunks, object, CHUNK));
});

t.test('a drop during the open is a miss', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  await storeAndRelease(first.chunks, await first.chunks.openObject(IDENTITY), CHUNK);
  await first.close();
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  const acquiring = chunks.acquire(object, 0);
  await chunks.drop(object, 0, 'corrupt');
  t.equal(await acquiring, undefined);
  t.ok(await eventually(() => chunks.usage().chunks === 0));
  t.ok(await storeAndRelease(chunks, object, CHUNK));
});

/** Stores one chunk, and so many others after it that its descriptor is closed. */
async function storeAndClose(t: Test) {
  const layout = new Layout(t.testdir({}));
  const stores = await openTestStore(t, { capacityBytes: 64 * TEST_CHUNK_BYTES });
  const { chunks } = stores;
  const object = await chunks.openObject(IDENTITY);
  await storeAndRelease(chunks, object, CHUNK);
  const others = await chunks.openObject(identityOf('others', null));
  for (let index = 0; index <= MAX_IDLE_FILES; index += 1) {
    await storeAndRelease(chunks, others, chunkOf('others', index, 100));
  }
  t.equal(chunks.acquireOpen(object, 0), undefined);
  return { ...stores, object, path: layout.chunk(CHUNK.record.id) };
}

t.test('a chunk that is opened again is still verified', async (t) => {
  const { chunks, object } = await storeAndClose(t);
  const held = await chunks.acquire(object, 0);
  t.equal(held?.verified, true);
  held?.release();
});

t.test('a file that replaced a chunk at its path is verified before it is served', async (t) => {
  const { chunks, object, path } = await storeAndClose(t);
  rmSync(path);
  writeFileSync(path, Buffer.alloc(1000, 'swapped'), { mode: 0o600 });
  const held = await chunks.acquire(object, 0);
  t.equal(held?.verified, false);
  held?.markVerified();
  t.equal(held?.verified, true, 'this one is, from now on');
  held?.release();
});

t.test('a chunk file that was overwritten is verified before it is served', async (t) => {
  const { chunks, object, path } = await storeAndClose(t);
  writeFileSync(path, Buffer.alloc(1000, 'over'));
  const held = await chunks.acquire(object, 0);
  t.equal(held?.verified, false);
  held?.release();
});

t.test('an equal chunk that is stored again replaces a swapped file', async (t) => {
  const { chunks, object, path } = await storeAndClose(t);
  rmSync(path);
  writeFileSync(path, Buffer.alloc(1000, 'swapped'), { mode: 0o600 });
  const held = await store(chunks, object, CHUNK);
  held?.release();
  t.ok(await readsRight(chunks, object, CHUNK));
});

t.test('a chunk file that others may write is a miss', async (t) => {
  const { chunks, events, object, path } = await storeAndClose(t);
  chmodSync(path, 0o666);
  t.equal(await chunks.acquire(object, 0), undefined);
  t.same(events.lines, ['dropped corrupt']);
});

t.test('close leaves only the descriptors that readers hold', async (t) => {
  const directory = t.testdir({});
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  const opened = await openTestStore(t);
  const { chunks } = opened;
  const object = await chunks.openObject(identityOf('many', null));
  for (let index = 0; index < 10; index += 1) {
    await storeAndRelease(chunks, object, chunkOf('many', index, 100));
  }
  const held = await chunks.acquire(object, 3);
  t.ok(descriptors() > before + 5, 'hot files stay open');
  await opened.close();
  t.equal(descriptors(), before + 1, directory);
  held?.release();
  t.ok(await eventually(() => descriptors() === before));
});

t.test('a chunk that cannot be deleted stays, and the draft is kept in memory', async (t) => {
  const layout = new Layout(t.testdir({}));
  const { chunks, events } = await openTestStore(t, { capacityBytes: 2 * TEST_CHUNK_BYTES });
  const object = await chunks.openObject(identityOf('stuck', null));
  const chunk = chunkOf('stuck', 0, TEST_CHUNK_BYTES);
  await storeAndRelease(chunks, object, chunk);
  // unlink(2) refuses a directory: a failure that root meets as well.
  rmSync(layout.chunk(chunk.record.id));
  mkdirSync(layout.chunk(chunk.record.id));
  const draft = await chunks.draft(TEST_CHUNK_BYTES);
  t.equal(draft.placement, 'memory');
  t.equal(chunks.usage().evictedBytesTotal, 0);
  t.ok(chunks.usage().usedBytes <= 2 * TEST_CHUNK_BYTES);
  t.match(events.lines[0], /^error unlink E/);
  t.ok(chunks.isHeld(object, 0));
  draft.discard();
});
