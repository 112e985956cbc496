/** The capacity is a hard limit: against the books, against `du`, against many callers at once. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { MemoryBudget } from '#src/model/memory-budget.js';
import type { ChunkDraft, HeldChunk, ObjectHandle } from '#src/model/store.js';
import {
  chunkOf,
  contentOf,
  identityOf,
  store,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../../fixtures/store-chunks.js';
import { diskUsage } from '../../fixtures/store-disk-usage.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { ROOMY_METADATA_BYTES, openTestStore, shareFor } from '../../fixtures/store-opening.js';

const CAPACITY = 5 * TEST_CHUNK_BYTES;

t.test('concurrent drafts never use the same room', async (t) => {
  const directory = t.testdir({});
  const { chunks } = await openTestStore(t, {
    capacityBytes: CAPACITY,
    memory: new MemoryBudget(0),
  });
  const object = await chunks.openObject(identityOf('crowd', null));
  for (let index = 0; index < 4; index += 1) {
    await storeAndRelease(chunks, object, chunkOf('crowd', index, TEST_CHUNK_BYTES));
  }
  const asked = Array.from({ length: 10 }, async () => {
    const draft = await chunks.draft(TEST_CHUNK_BYTES);
    writeSync(draft.file.fd, Buffer.alloc(TEST_CHUNK_BYTES, 1), 0, TEST_CHUNK_BYTES, 0);
    t.ok(diskUsage(directory) <= CAPACITY);
    return draft;
  });
  const answers = await Promise.allSettled(asked);
  const drafts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  t.equal(drafts.length, 4, 'as many as fit');
  t.ok(chunks.usage().usedBytes <= CAPACITY);
  for (const draft of drafts) draft.discard();
  t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
});

t.test('deleted chunks that are being read still count', async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t, {
    capacityBytes: CAPACITY,
    memory: new MemoryBudget(0),
  });
  const object = await chunks.openObject(identityOf('open', null));
  const readers: HeldChunk[] = [];
  for (let index = 0; index < 4; index += 1) {
    const held = await store(chunks, object, chunkOf('open', index, TEST_CHUNK_BYTES));
    if (held !== null) readers.push(held);
    await chunks.drop(object, index, 'purged');
  }
  t.equal(chunks.usage().chunks, 0);
  await t.rejects(chunks.draft(TEST_CHUNK_BYTES), { code: 'no-space' });
  for (const reader of readers) reader.release();
  t.ok(await eventually(() => chunks.usage().usedBytes < TEST_CHUNK_BYTES));
  (await chunks.draft(TEST_CHUNK_BYTES)).discard();
});

t.test('a file read without a lease is not evicted: that would free nothing', async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t, { capacityBytes: CAPACITY });
  const object = await chunks.openObject(identityOf('retained', null));
  const held = await store(chunks, object, chunkOf('retained', 0, TEST_CHUNK_BYTES));
  held?.file.retain();
  held?.release();
  for (let index = 1; index < 8; index += 1) {
    await storeAndRelease(chunks, object, chunkOf('retained', index, TEST_CHUNK_BYTES));
  }
  t.ok(chunks.isHeld(object, 0));
  held?.file.release();
});

/** One thing that a user of the store may do. */
type Step = ChunkStep | { kind: 'draft'; size: number } | ObjectStep;

interface ChunkStep {
  kind: 'store' | 'acquire' | 'lease' | 'drop';
  object: number;
  index: number;
  size: number;
}

interface ObjectStep {
  kind: 'release' | 'discard' | 'remove';
  object: number;
}

const OBJECTS = 3;
const size = fc.constantFrom(1, 5000, 300_000, TEST_CHUNK_BYTES);
const object = fc.nat({ max: OBJECTS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'store' as const,
        'acquire' as const,
        'lease' as const,
        'drop' as const,
      ),
      object,
      index: fc.nat({ max: 5 }),
      size,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('draft' as const), size }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('release' as const, 'discard' as const, 'remove' as const),
      object,
    }),
  },
);

t.test('property: no sequence exceeds the capacity, loses or corrupts bytes', async (t) => {
  const root = t.testdir({});
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      run += 1;
      const directory = join(root, String(run));
      const opened = await openTestStore(t, {
        directory,
        capacityBytes: CAPACITY,
        metadataCapacityBytes: shareFor(2),
        memory: new MemoryBudget(TEST_CHUNK_BYTES),
      });
      const { chunks } = opened;
      const empty = chunks.usage().usedBytes;
      const handles: ObjectHandle[] = [];
      for (let name = 0; name < OBJECTS; name += 1) {
        handles.push(await chunks.openObject(identityOf(`o${String(name)}`, null)));
      }
      const held: { release(): void }[] = [];
      const drafts: ChunkDraft[] = [];
      for (const one of steps) {
        await take(one, handles, held, drafts);
        const { usedBytes } = chunks.usage();
        if (usedBytes > CAPACITY) throw new Error(`the books say ${String(usedBytes)}`);
        const real = diskUsage(directory);
        if (real > usedBytes) throw new Error(`${String(real)} taken, ${String(usedBytes)} booked`);
      }
      for (const one of held) one.release();
      for (const draft of drafts) draft.discard();
      for (const handle of handles) await chunks.remove(handle, 'purged');
      const left = (): boolean =>
        chunks.usage().reservedBytes === 0 && chunks.usage().memoryBytes === 0;
      if (!(await eventually(left))) throw new Error('something was not given back');
      // Orphans may stay, and directories do not shrink.
      if (chunks.usage().usedBytes < empty) throw new Error('more was given back than taken');
      await opened.close();

      async function take(
        one: Step,
        handles: ObjectHandle[],
        held: { release(): void }[],
        drafts: ChunkDraft[],
      ): Promise<void> {
        switch (one.kind) {
          case 'draft':
            await chunks.draft(one.size).then(
              (draft) => drafts.push(draft),
              () => undefined,
            );
            return;
          case 'release':
            held.pop()?.release();
            return;
          case 'discard':
            drafts.pop()?.discard();
            return;
          case 'remove': {
            const handle = handles[one.object];
            if (handle === undefined) return;
            await chunks.remove(handle, 'purged');
            handle.release();
            handles[one.object] = await chunks.openObject(handle.identity);
            return;
          }
          case 'store':
          case 'acquire':
          case 'lease':
          case 'drop': {
            const handle = handles[one.object];
            if (handle !== undefined) await takeChunk(one, handle, held);
          }
        }
      }

      async function takeChunk(
        { kind, object: name, index, size: length }: ChunkStep,
        handle: ObjectHandle,
        held: { release(): void }[],
      ): Promise<void> {
        const seed = `o${String(name)}`;
        if (kind === 'store') {
          const stored = await store(chunks, handle, chunkOf(seed, index, length)).catch(
            () => null,
          );
          if (stored !== null) held.push(stored);
        } else if (kind === 'acquire') {
          const got = await chunks.acquire(handle, index);
          if (got === undefined) return;
          held.push(got);
          const expected = chunkOf(seed, index, got.record.lengthBytes).bytes;
          if (!contentOf(got.file, expected.length).equals(expected))
            throw new Error('wrong bytes');
        } else if (kind === 'lease') {
          const lease = chunks.lease(handle, index);
          if (lease !== undefined) held.push(lease);
        } else await chunks.drop(handle, index, 'corrupt');
      }
    }),
    { numRuns: 25 },
  );
});

t.test('a smaller capacity evicts unleased chunks now, the rest with a draft', async (t) => {
  const directory = t.testdir({});
  const { chunks, events } = await openTestStore(t, {
    capacityBytes: 2 * CAPACITY,
    memory: new MemoryBudget(0),
  });
  const object = await chunks.openObject(identityOf('shrink', null));
  const leases: HeldChunk[] = [];
  for (let index = 0; index < 8; index += 1) {
    const held = await store(chunks, object, chunkOf('shrink', index, TEST_CHUNK_BYTES));
    if (held !== null && index < 6) leases.push(held);
    else held?.release();
  }
  await chunks.resize(CAPACITY, ROOMY_METADATA_BYTES);
  t.equal(chunks.usage().capacityBytes, CAPACITY);
  t.equal(events.lines.length, 2, 'those that nobody holds');
  t.ok(chunks.usage().usedBytes > CAPACITY);
  await t.rejects(chunks.draft(TEST_CHUNK_BYTES), { code: 'no-space' });
  for (const lease of leases) lease.release();
  const draft = await chunks.draft(TEST_CHUNK_BYTES);
  t.ok(chunks.usage().usedBytes <= CAPACITY);
  t.ok(diskUsage(directory) <= CAPACITY);
  draft.discard();
  await chunks.resize(3 * CAPACITY, ROOMY_METADATA_BYTES);
  t.equal(events.lines.filter((line) => line.startsWith('evicted')).length, events.lines.length);
  const more = await Promise.all(Array.from({ length: 9 }, () => chunks.draft(TEST_CHUNK_BYTES)));
  for (const one of more) one.discard();
});
