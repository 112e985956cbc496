/**
 * The part of the `ChunkStore` contract about what there is: objects, and chunks looked at in
 * passing.
 */
import type { Test } from 'tap';
import type { ChunkStore, ObjectSummary } from '#src/model/store.js';
import {
  chunkOf,
  identityOf,
  store,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../fixtures/store-chunks.js';
import { type MakeStore, ROOMY, TIGHT } from './chunk-store-subject.js';

function summaryOf(chunks: ChunkStore, uri: string): ObjectSummary | undefined {
  return [...chunks.objects()].find(({ identity }) => identity.uri === uri);
}

/** Registers the suite. */
export function listContract(t: Test, make: MakeStore): void {
  t.test('the listing has every object, open or not, with its held chunks', async (t) => {
    const { chunks } = await make(t, ROOMY);
    t.same([...chunks.objects()], []);
    const identity = identityOf('listed', TEST_CHUNK_BYTES + 5);
    const object = await chunks.openObject(identity);
    await storeAndRelease(chunks, object, chunkOf('listed', 0, TEST_CHUNK_BYTES));
    await storeAndRelease(chunks, object, chunkOf('listed', 1, 5));
    const expected = { heldChunks: 2, heldBytes: TEST_CHUNK_BYTES + 5, attestedBy: null };
    t.match(summaryOf(chunks, identity.uri), { ...expected, key: object.key, pinned: false });
    const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
    await chunks.attest(object, digest);
    t.strictSame(summaryOf(chunks, identity.uri)?.attestedBy, digest);
    object.release();
    await chunks.openObject(identityOf('other', 5)).then((other) => {
      other.release();
    });
    t.match(summaryOf(chunks, identity.uri), { ...expected, attestedBy: digest, identity });
    t.equal(chunks.usage().objects, [...chunks.objects()].length);
  });

  t.test('counts of an object are right after drops, sharing and removal', async (t) => {
    const { chunks } = await make(t, ROOMY);
    const [a, b] = [identityOf('a', 1000), identityOf('b', 1000)];
    const chunk = chunkOf('same', 0, 1000);
    const first = await chunks.openObject(a);
    const second = await chunks.openObject(b);
    await storeAndRelease(chunks, first, chunk);
    await storeAndRelease(chunks, second, chunk);
    t.match(summaryOf(chunks, a.uri), { heldChunks: 1, heldBytes: 1000 });
    t.match(summaryOf(chunks, b.uri), { heldChunks: 1, heldBytes: 1000 });
    await chunks.drop(first, 0, 'corrupt');
    t.match(summaryOf(chunks, b.uri), { heldChunks: 0, heldBytes: 0 });
    await chunks.remove(first, 'purged');
    t.equal(summaryOf(chunks, a.uri), undefined);
    await chunks.remove(second, 'purged');
    t.same([...chunks.objects()], []);
  });

  t.test('an evicted chunk is not held; inspecting a chunk is no use of it', async (t) => {
    const { chunks } = await make(t, TIGHT);
    const identity = identityOf('cold', 12 * TEST_CHUNK_BYTES);
    const object = await chunks.openObject(identity);
    for (let index = 0; index < 12; index += 1) {
      const held = await store(chunks, object, chunkOf('cold', index, TEST_CHUNK_BYTES));
      held?.release();
      (await chunks.acquire(object, 0, 'inspect'))?.release();
    }
    t.notOk(chunks.isHeld(object, 0), 'the first was the coldest all along');
    const { heldChunks } = summaryOf(chunks, identity.uri) ?? {};
    t.equal(heldChunks, chunks.usage().chunks);
  });
}
