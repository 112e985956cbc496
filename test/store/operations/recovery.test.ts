/** What a start finds after every kind of end: orderly, by kill -9, with damage in between. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ChunkId } from '#src/model/ids.js';
import { objectKey } from '#src/store/objects/keys.js';
import { Layout } from '#src/store/directory/layout.js';
import {
  chunkOf,
  identityOf,
  readsRight,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../../fixtures/store-chunks.js';
import { diskUsage } from '../../fixtures/store-disk-usage.js';
import { openTestStore } from '../../fixtures/store-opening.js';
import { startStoreProcess } from '../../fixtures/store-process.js';

const LENGTH = 3 * TEST_CHUNK_BYTES;
const IDENTITY = identityOf('model', LENGTH);
const PARTS = [0, 1, 2].map((index) => chunkOf('model', index, TEST_CHUNK_BYTES));

/** A closed cache directory with the three chunks of one object. */
async function filledDirectory(t: Test): Promise<Layout> {
  const layout = new Layout(t.testdir({}));
  const opened = await openTestStore(t);
  const object = await opened.chunks.openObject(IDENTITY);
  for (const part of PARTS) await storeAndRelease(opened.chunks, object, part);
  await opened.close();
  return layout;
}

/** A capacity that holds this many whole chunks and not one more. */
const roomFor = (chunks: number): number => Math.floor((chunks + 0.6) * TEST_CHUNK_BYTES);

const pathOf = (layout: Layout, index: number): string =>
  layout.chunk(PARTS[index]?.record.id ?? ('' as ChunkId));

t.test('after a restart everything is held again, and not yet verified', async (t) => {
  await filledDirectory(t);
  const { chunks, events, directory } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  for (const part of PARTS) {
    t.strictSame(object.record(part.record.index), part.record);
    const held = await chunks.acquire(object, part.record.index);
    t.equal(held?.verified, false, 'its bytes were not read in this process');
    held?.markVerified();
    held?.release();
    t.ok(await readsRight(chunks, object, part));
  }
  const again = await chunks.acquire(object, 0);
  t.equal(again?.verified, true);
  again?.release();
  t.match(chunks.usage(), { chunks: 3, orphans: 0, writable: true });
  t.ok(chunks.usage().usedBytes >= diskUsage(directory));
  t.strictSame(events.lines, []);
});

t.test('attestation and forgotten ids survive a restart', async (t) => {
  t.testdir({});
  const digest = { algorithm: 'blake3', hex: 'cd'.repeat(32) } as const;
  const first = await openTestStore(t);
  const attested = await first.chunks.openObject(identityOf('attested', 10));
  await storeAndRelease(first.chunks, attested, chunkOf('attested', 0, 10));
  await first.chunks.attest(attested, digest);
  const other = await first.chunks.openObject(identityOf('other', 10));
  await storeAndRelease(first.chunks, other, chunkOf('other', 0, 10));
  await first.chunks.drop(other, 0, 'corrupt');
  await first.close();
  const { chunks } = await openTestStore(t);
  t.strictSame((await chunks.openObject(attested.identity)).attestedBy, digest);
  t.equal((await chunks.openObject(other.identity)).record(0), undefined);
});

t.test('a chunk file that is gone, short or a symlink is a miss, and is healed', async (t) => {
  const layout = await filledDirectory(t);
  rmSync(pathOf(layout, 0));
  truncateSync(pathOf(layout, 1), 1000);
  copyFileSync(pathOf(layout, 2), join(layout.root, 'copy'));
  rmSync(pathOf(layout, 2));
  symlinkSync(join(layout.root, 'copy'), pathOf(layout, 2));
  const { chunks, events } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  t.notOk(chunks.isHeld(object, 0));
  for (const part of PARTS) {
    t.equal(await chunks.acquire(object, part.record.index), undefined);
    t.notOk(chunks.isHeld(object, part.record.index));
    t.ok(await storeAndRelease(chunks, object, part));
    t.ok(await readsRight(chunks, object, part));
  }
  t.strictSame(events.lines, ['dropped corrupt', 'dropped corrupt']);
});

t.test('a chunk file that changes while the store is open is a miss, and healed', async (t) => {
  const layout = await filledDirectory(t);
  const { chunks, events } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  rmSync(pathOf(layout, 0));
  truncateSync(pathOf(layout, 1), 1000);
  rmSync(pathOf(layout, 2));
  symlinkSync('/etc/passwd', pathOf(layout, 2));
  for (const part of PARTS) {
    t.ok(chunks.isHeld(object, part.record.index));
    t.equal(await chunks.acquire(object, part.record.index), undefined);
    t.notOk(chunks.isHeld(object, part.record.index));
    t.ok(await storeAndRelease(chunks, object, part));
    t.ok(await readsRight(chunks, object, part));
  }
  t.strictSame(events.lines, ['dropped missing', 'dropped corrupt', 'dropped corrupt']);
});

t.test('an orphaned chunk file is counted, coldest, and never served', async (t) => {
  const layout = await filledDirectory(t);
  rmSync(layout.manifest(objectKey(IDENTITY)));
  const opened = await openTestStore(t);
  const { chunks } = opened;
  const object = await chunks.openObject(IDENTITY);
  t.match(chunks.usage(), { chunks: 3, orphans: 3 });
  t.notOk(chunks.isHeld(object, 0));
  const [first] = PARTS;
  if (first !== undefined) t.ok(await storeAndRelease(chunks, object, first));
  t.match(chunks.usage(), { chunks: 3, orphans: 2 }, 'named again, it is an orphan no more');
  await opened.close();
  const tight = await openTestStore(t, { capacityBytes: roomFor(1) });
  t.match(tight.chunks.usage(), { orphans: 0 }, 'orphans went first');
  t.ok(tight.chunks.isHeld(await tight.chunks.openObject(IDENTITY), 0));
});

t.test('a damaged manifest loses only the damaged records', async (t) => {
  const layout = await filledDirectory(t);
  const path = layout.manifest(objectKey(IDENTITY));
  const whole = readFileSync(path);
  const cut = whole.lastIndexOf('\n', whole.length - 2) + 30;
  writeFileSync(path, whole.subarray(0, cut));
  const first = await openTestStore(t);
  let object = await first.chunks.openObject(IDENTITY);
  t.ok(first.chunks.isHeld(object, 0) && first.chunks.isHeld(object, 1));
  t.notOk(first.chunks.isHeld(object, 2));
  const [, , last] = PARTS;
  if (last !== undefined) t.ok(await storeAndRelease(first.chunks, object, last));
  await first.close();
  t.equal(readFileSync(path).length, whole.length, 'the torn tail was cut');

  whole[20] = 0x21;
  writeFileSync(path, whole);
  const second = await openTestStore(t);
  t.notOk(existsSync(path), 'without its first record nothing in it means anything');
  object = await second.chunks.openObject(IDENTITY);
  t.notOk(second.chunks.isHeld(object, 0));
  t.equal(second.chunks.usage().orphans, 3);
});

t.test('a manifest under another key, or of another chunk size, is ignored', async (t) => {
  const layout = await filledDirectory(t);
  const path = layout.manifest(objectKey(IDENTITY));
  const victim = identityOf('victim', LENGTH);
  mkdirSync(join(layout.manifest(objectKey(victim)), '..'), { recursive: true });
  copyFileSync(path, layout.manifest(objectKey(victim)));
  const { chunks } = await openTestStore(t);
  t.equal((await chunks.openObject(victim)).record(0), undefined);
  t.notOk(existsSync(layout.manifest(objectKey(victim))));
  t.ok(chunks.isHeld(await chunks.openObject(IDENTITY), 0));
});

t.test('foreign files stay and do no harm', async (t) => {
  const layout = await filledDirectory(t);
  const foreign = [
    join(layout.root, 'README'),
    join(layout.tmp, 'notes.txt'),
    join(layout.tree('chunks'), 'zz'),
    join(layout.shard('chunks', PARTS[0]?.record.id.slice(0, 2) ?? ''), 'not-an-id'),
    join(layout.tree('chunks'), 'v2'),
  ];
  for (const path of foreign) writeFileSync(path, 'foreign');
  const stray = join(layout.tmp, 'draft-00000007');
  writeFileSync(stray, 'a fill that was under way');
  const { chunks } = await openTestStore(t);
  for (const path of foreign) t.ok(existsSync(path), path);
  t.notOk(existsSync(stray));
  t.equal(chunks.usage().chunks, 3);
});

t.test('the eviction order survives; chunks after the last snapshot are warmest', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  const object = await first.chunks.openObject(IDENTITY);
  for (const part of PARTS) await storeAndRelease(first.chunks, object, part);
  for (const index of [0, 2]) (await first.chunks.acquire(object, index))?.release();
  await first.close();
  // Room for two: the least recently used one goes before anyone is served.
  const second = await openTestStore(t, { capacityBytes: roomFor(2) });
  const again = await second.chunks.openObject(IDENTITY);
  t.strictSame(
    [0, 1, 2].map((index) => second.chunks.isHeld(again, index)),
    [true, false, true],
  );
  t.strictSame(second.events.lines, [`evicted ${String(TEST_CHUNK_BYTES)}`]);
});

t.test('pinned objects go last, after a restart too', async (t) => {
  t.testdir({});
  const pinned = (identity: { uri: string }): boolean => identity.uri.endsWith('pinned');
  const first = await openTestStore(t, { pinned });
  for (const name of ['pinned', 'a', 'b']) {
    const object = await first.chunks.openObject(identityOf(name, TEST_CHUNK_BYTES));
    await storeAndRelease(first.chunks, object, chunkOf(name, 0, TEST_CHUNK_BYTES));
  }
  await first.close();
  const { chunks } = await openTestStore(t, { pinned, capacityBytes: roomFor(1) });
  const held = [];
  for (const name of ['pinned', 'a', 'b']) {
    held.push(chunks.isHeld(await chunks.openObject(identityOf(name, TEST_CHUNK_BYTES)), 0));
  }
  t.strictSame(held, [true, false, false]);
});

t.test('after kill -9 every chunk reported as stored is there and right', async (t) => {
  const directory = t.testdir({});
  let next = 0;
  for (const wait of [1, 7, 20]) {
    const filler = await startStoreProcess(t, 'fill', directory);
    let stored = -1;
    for (let count = 0; count < wait + next; count += 1) {
      stored = Number((await filler.lines.next()).value);
    }
    await filler.kill();
    const opened = await openTestStore(t, { capacityBytes: 1024 * TEST_CHUNK_BYTES });
    const object = await opened.chunks.openObject(identityOf('killed', null));
    for (let index = 0; index <= stored; index += 1) {
      const part = chunkOf('killed', index, 40_000 + index);
      t.ok(await readsRight(opened.chunks, object, part), `chunk ${String(index)}`);
    }
    // One more may have been stored, or its file be there without its record: then it is an orphan.
    t.ok(opened.chunks.usage().orphans <= 1);
    t.strictSame(readdirSync(join(directory, 'tmp')), []);
    t.ok(opened.chunks.usage().usedBytes >= diskUsage(directory));
    next = stored;
    await opened.close();
  }
});
