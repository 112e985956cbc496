/**
 * What every `ChunkStore` must do: the promises of model/store.ts, one test each. Called by the
 * test of each implementation. Faults of disks and processes are not in it: they differ by
 * implementation.
 */
import type { Test } from 'tap';
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
import { listContract } from './chunk-store-list.js';
import { roomContract } from './chunk-store-room.js';
import { type MakeStore, ROOMY } from './chunk-store-subject.js';

const SHA_A = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;

/** Registers the suite. */
export function chunkStoreContract(t: Test, make: MakeStore): void {
  roomContract(t, make);
  listContract(t, make);

  t.test('a committed chunk is held, with its bytes and ids', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('one', TEST_CHUNK_BYTES + 100));
    const [first, last] = [chunkOf('one', 0, TEST_CHUNK_BYTES), chunkOf('one', 1, 100)];
    t.equal(chunks.isHeld(object, 0), false);
    t.equal(await chunks.acquire(object, 0), undefined);
    const held = await store(chunks, object, first);
    t.ok(held);
    t.equal(held?.verified, true, 'its ids were computed from what was written');
    t.strictSame(held?.record, first.record);
    t.ok(await storeAndRelease(chunks, object, last));
    t.ok(chunks.isHeld(object, 0) && chunks.isHeld(object, 1));
    t.strictSame(object.record(1), last.record);
    t.ok(await readsRight(chunks, object, first));
    t.ok(await readsRight(chunks, object, last));
    t.equal(chunks.usage().chunks, 2);
  });

  t.test('a chunk whose file is open is returned at once and marked as used', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('open', 10));
    t.equal(chunks.acquireOpen(object, 0), undefined, 'not held');
    await storeAndRelease(chunks, object, chunkOf('open', 0, 10));
    const held = await chunks.acquire(object, 0);
    const open = chunks.acquireOpen(object, 0);
    t.equal(open?.file, held?.file);
    t.equal(open?.verified, true);
    held?.release();
    await chunks.drop(object, 0, 'purged');
    t.equal(chunks.acquireOpen(object, 0), undefined, 'dropped');
    open?.release();
    object.release();
  });

  t.test('handles of equal identity share one state', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const identity = identityOf('shared', 10);
    const [a, b] = await Promise.all([chunks.openObject(identity), chunks.openObject(identity)]);
    const chunk = chunkOf('shared', 0, 10);
    await storeAndRelease(chunks, a, chunk);
    t.equal(a.key, b.key);
    t.strictSame(b.record(0), chunk.record);
    a.release();
    a.release();
    t.ok(await readsRight(chunks, b, chunk), 'the other handle is open still');
    b.release();
    const again = await chunks.openObject(identity);
    t.ok(await readsRight(chunks, again, chunk), 'and what was stored outlives both');
  });

  t.test('the verified state belongs to the chunk, not to its reader', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('verified', 10));
    const held = await store(chunks, object, chunkOf('verified', 0, 10));
    const other = await chunks.acquire(object, 0);
    other?.markVerified();
    t.equal(held?.verified, true);
    t.equal(other?.verified, true);
    held?.release();
    other?.release();
  });

  t.test('equal chunks of two objects share one file', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const chunk = chunkOf('same', 0, 1000);
    const a = await chunks.openObject(identityOf('a', 1000));
    const b = await chunks.openObject(identityOf('b', 1000));
    await storeAndRelease(chunks, a, chunk);
    await storeAndRelease(chunks, b, chunk);
    t.equal(chunks.usage().chunks, 1);
    await chunks.remove(a, 'purged');
    t.equal(chunks.isHeld(a, 0), false);
    t.ok(await readsRight(chunks, b, chunk), 'it is there as long as one of them is');
  });

  t.test('two concurrent fills of one chunk store one chunk', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('twice', 1000));
    const chunk = chunkOf('twice', 0, 1000);
    const both = await Promise.all([store(chunks, object, chunk), store(chunks, object, chunk)]);
    for (const held of both) {
      t.ok(held && contentOf(held.file, 1000).equals(chunk.bytes));
      held?.release();
    }
    t.equal(chunks.usage().chunks, 1);
    t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
  });

  t.test('a dropped chunk is a miss at once, and stays readable for its readers', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('dropped', 1000));
    const chunk = chunkOf('dropped', 0, 1000);
    const held = await store(chunks, object, chunk);
    const used = chunks.usage().usedBytes;
    const dropping = chunks.drop(object, 0, 'corrupt');
    t.notOk(chunks.isHeld(object, 0));
    await dropping;
    t.equal(object.record(0), undefined, 'nothing vouches for its ids');
    t.ok(held && contentOf(held.file, 1000).equals(chunk.bytes));
    t.ok(chunks.usage().usedBytes >= used, 'its bytes count while it is open');
    held?.release();
    t.ok(await eventually(() => chunks.usage().usedBytes < used));
    await chunks.drop(object, 0, 'corrupt');
    t.ok(await storeAndRelease(chunks, object, chunk), 'and it can be stored again');
    t.ok(await readsRight(chunks, object, chunk));
  });

  t.test('an attested object keeps its ids when a file of it fails', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('attested', 1000));
    const chunk = chunkOf('attested', 0, 1000);
    await storeAndRelease(chunks, object, chunk);
    t.equal(object.attestedBy, null);
    await chunks.attest(object, SHA_A);
    t.strictSame(object.attestedBy, SHA_A);
    await chunks.drop(object, 0, 'corrupt');
    t.notOk(chunks.isHeld(object, 0));
    t.strictSame(object.record(0), chunk.record);
    t.strictSame(object.attestedBy, SHA_A);
    await chunks.drop(object, 0, 'replaced');
    t.equal(object.record(0), undefined);
    t.equal(object.attestedBy, null, 'it would not cover every id any more');
  });

  t.test("a chunk with another id ends the object's attestation", async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('replaced', 1000));
    await storeAndRelease(chunks, object, chunkOf('replaced', 0, 1000));
    await chunks.attest(object, SHA_A);
    await storeAndRelease(chunks, object, chunkOf('other', 0, 1000));
    t.equal(object.attestedBy, null);
    t.equal(object.record(0)?.id, chunkOf('other', 0, 1000).record.id);
  });

  t.test('an object that arrived without a length gets its length', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const growing = await chunks.openObject(identityOf('growing', null, { uniqueToken: 'g1' }));
    const parts = [chunkOf('growing', 0, TEST_CHUNK_BYTES), chunkOf('growing', 1, 77)] as const;
    for (const part of parts) await storeAndRelease(chunks, growing, part);
    const whole = await chunks.complete(growing, TEST_CHUNK_BYTES + 77);
    t.equal(whole.identity.lengthBytes, TEST_CHUNK_BYTES + 77);
    t.not(whole.key, growing.key);
    for (const part of parts) t.ok(await readsRight(chunks, whole, part));
    for (const part of parts) t.ok(await readsRight(chunks, growing, part), 'its readers read on');
    growing.release();
    whole.release();
    const again = await chunks.openObject(whole.identity);
    for (const part of parts) t.ok(await readsRight(chunks, again, part));
    t.equal(chunks.usage().orphans, 0);
    await t.rejects(chunks.complete(again, 5), RangeError);
  });

  t.test('a removed object is forgotten at once; chunks in use are deleted later', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const identity = identityOf('removed', TEST_CHUNK_BYTES + 5);
    const object = await chunks.openObject(identity);
    const first = chunkOf('removed', 0, TEST_CHUNK_BYTES);
    await storeAndRelease(chunks, object, first);
    const held = await store(chunks, object, chunkOf('removed', 1, 5));
    await chunks.remove(object, 'purged');
    t.notOk(chunks.isHeld(object, 0));
    t.equal(object.record(0), undefined);
    t.ok(held && contentOf(held.file, 5));
    held?.release();
    t.equal(await store(chunks, object, first), null, 'a late fill stores nothing');
    const anew = await chunks.openObject(identity);
    t.equal(anew.record(0), undefined);
    t.ok(await storeAndRelease(chunks, anew, first));
  });

  t.test('a record that does not fit its object is refused', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const object = await chunks.openObject(identityOf('refused', TEST_CHUNK_BYTES + 10));
    const { record } = chunkOf('refused', 0, TEST_CHUNK_BYTES);
    const wrong = [
      { ...record, index: -1 },
      { ...record, index: 2 },
      { ...record, lengthBytes: 10 },
      { ...record, id: '../../etc/passwd' as typeof record.id },
      { ...record, groupIds: new Uint8Array(31) },
    ];
    for (const bad of wrong) {
      const draft = await chunks.draft(TEST_CHUNK_BYTES);
      await t.rejects(chunks.commit(object, draft, bad), RangeError);
      draft.discard();
    }
    await t.rejects(chunks.draft(0), RangeError);
    await t.rejects(chunks.draft(TEST_CHUNK_BYTES + 1), RangeError);
    await t.rejects(chunks.draft(1.5), RangeError);
    const otherSize = identityOf('refused', 10, { chunkSizeBytes: 2 * TEST_CHUNK_BYTES });
    await t.rejects(chunks.openObject(otherSize), RangeError);
    t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
  });
}
