/** The part of the `ChunkStore` contract about room: drafts that take it, chunks that make it. */
import { writeSync } from 'node:fs';
import type { Test } from 'tap';
import type { ObjectHandle } from '#src/model/store.js';
import {
  chunkOf,
  contentOf,
  identityOf,
  readsRight,
  store,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../fixtures/store-chunks.js';
import { eventually } from '../fixtures/store-eventually.js';
import { type MakeStore, ROOMY, TIGHT } from './chunk-store-subject.js';

/** Registers the suite. */
export function roomContract(t: Test, make: MakeStore): void {
  t.test('a draft takes room until it ends, whether committed or discarded', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const before = chunks.usage();
    const draft = await chunks.draft(1000);
    t.equal(draft.placement, 'disk');
    t.ok(chunks.usage().reservedBytes >= 1000);
    draft.discard();
    draft.discard();
    t.ok(await eventually(() => chunks.usage().usedBytes === before.usedBytes));
    const object = await chunks.openObject(identityOf('ended', 1000));
    const held = await store(chunks, object, chunkOf('ended', 0, 1000));
    held?.release();
    t.equal(chunks.usage().reservedBytes, 0);
  });

  t.test('a discarded draft is readable for readers that retained it', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const draft = await chunks.draft(5);
    writeSync(draft.file.fd, 'still', 0);
    draft.file.retain();
    draft.discard();
    t.equal(contentOf(draft.file, 5).toString(), 'still');
    draft.file.release();
    t.throws(() => {
      draft.file.release();
    }, 'a release too many could close another file');
  });

  t.test('a memory draft serves its readers and is then freed', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('memory', 1000));
    const draft = await chunks.draft(1000, 'memory');
    t.equal(draft.placement, 'memory');
    t.equal(chunks.usage().memoryBytes, 1000);
    const chunk = chunkOf('memory', 0, 1000);
    writeSync(draft.file.fd, chunk.bytes, 0, 1000, 0);
    draft.file.retain();
    t.equal(await chunks.commit(object, draft, chunk.record), null);
    draft.discard();
    t.ok(contentOf(draft.file, 1000).equals(chunk.bytes));
    t.equal(chunks.usage().memoryBytes, 1000, 'charged while somebody reads');
    draft.file.release();
    t.ok(await eventually(() => chunks.usage().memoryBytes === 0));
    t.equal(chunks.isHeld(object, 0), false);
  });

  t.test('a draft may be longer than what a stream left in it', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('short', null));
    const chunk = chunkOf('short', 0, 77);
    const draft = await chunks.draft(TEST_CHUNK_BYTES);
    writeSync(draft.file.fd, chunk.bytes, 0, 77, 0);
    const held = await chunks.commit(object, draft, chunk.record);
    held?.release();
    t.ok(await readsRight(chunks, object, chunk));
    t.equal(chunks.usage().reservedBytes, 0);
  });

  t.test('a draft that was not written whole is not stored', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object: ObjectHandle = await chunks.openObject(identityOf('torn', 1000));
    const draft = await chunks.draft(1000);
    writeSync(draft.file.fd, 'short', 0);
    t.equal(await chunks.commit(object, draft, chunkOf('torn', 0, 1000).record), null);
    t.notOk(chunks.isHeld(object, 0));
    t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
  });

  t.test('cold chunks make room for new ones', async (t) => {
    const { chunks } = await make(t, TIGHT);
    const object = await chunks.openObject(identityOf('large', 12 * TEST_CHUNK_BYTES));
    for (let index = 0; index < 12; index += 1) {
      t.ok(await storeAndRelease(chunks, object, chunkOf('large', index, TEST_CHUNK_BYTES)));
      t.ok(chunks.usage().usedBytes <= TIGHT.capacityBytes);
      if (index > 0) t.ok(await chunks.acquire(object, 0).then(releaseIf), 'hot: chunk 0 stays');
    }
    t.ok(chunks.isHeld(object, 11));
    t.notOk(chunks.isHeld(object, 1));
    t.ok(object.record(1), 'ids outlive bytes');
    t.ok(chunks.usage().evictedBytesTotal > 0);
  });

  t.test('leased chunks are not evicted; a draft then fails with no-space', async (t) => {
    const { chunks } = await make(t, TIGHT);
    const object = await chunks.openObject(identityOf('leased', 12 * TEST_CHUNK_BYTES));
    const leases: { release(): void }[] = [];
    for (let index = 0; index < 4; index += 1) {
      t.ok(await storeAndRelease(chunks, object, chunkOf('leased', index, TEST_CHUNK_BYTES)));
      const lease = chunks.lease(object, index);
      if (lease !== undefined) leases.push(lease);
    }
    t.equal(leases.length, 4);
    const last = await chunks.draft(TEST_CHUNK_BYTES);
    await t.rejects(chunks.draft(TEST_CHUNK_BYTES), { code: 'no-space', retryable: true });
    for (let index = 0; index < 4; index += 1) t.ok(chunks.isHeld(object, index));
    leases[2]?.release();
    const next = await chunks.draft(TEST_CHUNK_BYTES);
    t.notOk(chunks.isHeld(object, 2), 'the one that was let go made room');
    last.discard();
    next.discard();
    t.equal(chunks.lease(object, 2), undefined);
    t.equal(chunks.lease(object, 9), undefined);
  });
}

function releaseIf(held: { release(): void } | undefined): boolean {
  held?.release();
  return held !== undefined;
}
