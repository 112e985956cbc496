import { writeFileSync, writeSync } from 'node:fs';
import t from 'tap';
import { Layout } from '#src/store/directory/layout.js';
import {
  chunkOf,
  contentOf,
  identityOf,
  readsRight,
  store,
  storeAndRelease,
} from '../../fixtures/store-chunks.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { openTestStore } from '../../fixtures/store-opening.js';

const CHUNK = chunkOf('same', 0, 1000);

t.test('an existing unverified file is replaced by a fresh one', async (t) => {
  const directory = t.testdir({});
  const first = await openTestStore(t);
  await storeAndRelease(first.chunks, await first.chunks.openObject(identityOf('a', 1000)), CHUNK);
  await first.close();
  // A rotten block: the size is right, the bytes are not.
  writeFileSync(new Layout(directory).chunk(CHUNK.record.id), Buffer.alloc(1000, 'rot'));
  const { chunks } = await openTestStore(t);
  const held = await store(chunks, await chunks.openObject(identityOf('b', 1000)), CHUNK);
  t.equal(held?.verified, true);
  held?.release();
  t.ok(await readsRight(chunks, await chunks.openObject(identityOf('a', 1000)), CHUNK));
  t.equal(chunks.usage().chunks, 1);
});

t.test('an existing file in use is kept, with its verified state', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  await storeAndRelease(first.chunks, await first.chunks.openObject(identityOf('a', 1000)), CHUNK);
  await first.close();
  const { chunks } = await openTestStore(t);
  const a = await chunks.openObject(identityOf('a', 1000));
  const reader = await chunks.acquire(a, 0);
  const b = await chunks.openObject(identityOf('b', 1000));
  const held = await store(chunks, b, CHUNK);
  t.equal(held?.verified, false);
  t.equal(held?.file, reader?.file);
  held?.release();
  reader?.release();
  t.ok(await readsRight(chunks, b, CHUNK));
  t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
});

t.test("the draft's own readers keep their descriptor", async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t);
  const a = await chunks.openObject(identityOf('a', 1000));
  await storeAndRelease(chunks, a, CHUNK);
  const draft = await chunks.draft(1000);
  writeSync(draft.file.fd, CHUNK.bytes, 0, 1000, 0);
  draft.file.retain();
  const b = await chunks.openObject(identityOf('b', 1000));
  const held = await chunks.commit(b, draft, CHUNK.record);
  t.not(held?.file, draft.file);
  t.ok(contentOf(draft.file, 1000).equals(CHUNK.bytes));
  draft.file.release();
  held?.release();
});

t.test('a committed draft becomes the chunk without another open', async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(identityOf('a', 1000));
  const draft = await chunks.draft(1000);
  writeSync(draft.file.fd, CHUNK.bytes, 0, 1000, 0);
  const held = await chunks.commit(object, draft, CHUNK.record);
  t.equal(held?.file, draft.file);
  draft.discard();
  held?.release();
  const again = await chunks.acquire(object, 0);
  t.equal(again?.file, draft.file, 'and stays open for the next reader');
  again?.release();
});

t.test('foreign handles and drafts are refused', async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(identityOf('a', 1000));
  const draft = await chunks.draft(1000);
  const strangeDraft = { ...draft, movedToMemory: () => undefined, discard: () => undefined };
  await t.rejects(chunks.commit(object, strangeDraft, CHUNK.record), TypeError);
  const strange = { ...object, record: () => undefined, release: () => undefined };
  t.throws(() => chunks.isHeld(strange, 0), TypeError);
  draft.discard();
});

t.test('a chunk stored again while it is forgotten stays', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  const object = await first.chunks.openObject(identityOf('a', 1000));
  await storeAndRelease(first.chunks, object, CHUNK);
  const draft = await first.chunks.draft(1000);
  writeSync(draft.file.fd, CHUNK.bytes, 0, 1000, 0);
  // A slow disk: the line that forgets has others to wait for, and the new file is there before it.
  const digest = { algorithm: 'sha256', hex: '0'.repeat(64) } as const;
  const busy = Array.from({ length: 200 }, () => first.chunks.attest(object, digest));
  const dropping = first.chunks.drop(object, 0, 'corrupt');
  const held = await first.chunks.commit(object, draft, CHUNK.record);
  held?.release();
  await Promise.all([...busy, dropping]);
  t.ok(await readsRight(first.chunks, object, CHUNK));
  t.equal(first.chunks.usage().orphans, 0);
  await first.close();
  const { chunks } = await openTestStore(t);
  t.ok(await readsRight(chunks, await chunks.openObject(identityOf('a', 1000)), CHUNK));
});
