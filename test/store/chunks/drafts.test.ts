/** Disks that fail under a fill: full, read-only, broken in the middle, and mended again. */
import { readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { native, systemCalls } from '#src/compute/native.js';
import { MemoryBudget } from '#src/model/memory-budget.js';
import { PROBE_INTERVAL_MS } from '#src/store/chunks/disk-health.js';
import {
  chunkOf,
  contentOf,
  identityOf,
  readsRight,
  store,
  storeAndRelease,
  TEST_CHUNK_BYTES,
} from '../../fixtures/store-chunks.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { mountSmallDisk } from '../../fixtures/store-mounts.js';
import { openTestStore } from '../../fixtures/store-opening.js';

const CHUNK = chunkOf('model', 0, 100_000);
const IDENTITY = identityOf('model', 100_000);

t.test('on a full disk a draft goes on in memory, and its room is returned', async (t) => {
  const disk = mountSmallDisk(t, 1 << 20);
  if (disk === undefined) return;
  const { chunks, memory, events } = await openTestStore(t, { directory: disk });
  const object = await chunks.openObject(IDENTITY);
  writeFileSync(join(disk, 'filler'), Buffer.alloc((1 << 20) - 200_000));
  const draft = await chunks.draft(300_000);
  const half = Buffer.alloc(100_000, 'half');
  writeSync(draft.file.fd, half, 0, half.length, 0);
  const rest = Buffer.alloc(200_000);
  const written = writeSync(draft.file.fd, rest, 0, rest.length, half.length);
  t.throws(() => writeSync(draft.file.fd, rest, 0, rest.length, half.length + written), {
    code: 'ENOSPC',
  });
  // What the worker does then, on its own thread.
  t.ok(memory.tryCharge(300_000));
  native.moveToMemfd(draft.file.fd, half.length);
  draft.movedToMemory('ENOSPC');
  draft.movedToMemory('ENOSPC');
  t.equal(draft.placement, 'memory');
  t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
  t.strictSame(readdirSync(join(disk, 'tmp')), []);
  draft.file.retain();
  const { record } = chunkOf('model', 0, 100_000);
  t.equal(await chunks.commit(object, draft, record), null);
  t.ok(contentOf(draft.file, half.length).subarray(0, half.length).equals(half));
  t.equal(memory.usedBytes, 300_000);
  draft.file.release();
  t.ok(await eventually(() => memory.usedBytes === 0));
  t.strictSame(events.lines, ['error write ENOSPC']);
  t.equal(chunks.usage().writable, false);
});

t.test('a move reported after the discard releases its charge too', async (t) => {
  t.testdir({});
  const { chunks, memory } = await openTestStore(t);
  const draft = await chunks.draft(1000);
  draft.file.retain();
  t.ok(memory.tryCharge(1000));
  native.moveToMemfd(draft.file.fd, 0);
  draft.discard();
  draft.movedToMemory('ENOSPC');
  draft.file.release();
  t.ok(await eventually(() => memory.usedBytes === 0 && chunks.usage().reservedBytes === 0));
});

t.test('a move that was not reported is detected and not stored', async (t) => {
  t.testdir({});
  const { chunks } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  const draft = await chunks.draft(CHUNK.bytes.length);
  writeSync(draft.file.fd, CHUNK.bytes, 0, 50_000, 0);
  native.moveToMemfd(draft.file.fd, 50_000);
  writeSync(draft.file.fd, CHUNK.bytes, 50_000, 50_000, 50_000);
  t.equal(await chunks.commit(object, draft, CHUNK.record), null, 'the file is half a chunk');
  t.notOk(chunks.isHeld(object, 0));
});

t.test('a failing disk is avoided, probed, and used again', async (t) => {
  const directory = t.testdir({});
  const { chunks, clock, events } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  await storeAndRelease(chunks, object, CHUNK);
  // Every open fails while the directory is elsewhere, for root too.
  const [tmp, away] = [join(directory, 'tmp'), join(directory, 'away')];
  renameSync(tmp, away);
  t.equal(await store(chunks, object, CHUNK), null);
  t.equal(await store(chunks, object, CHUNK), null);
  t.strictSame(events.lines, ['error open ENOENT'], 'the second draft did not try');
  t.equal(chunks.usage().writable, false);
  t.ok(await readsRight(chunks, object, CHUNK), 'what is held is served');
  clock.advance(PROBE_INTERVAL_MS);
  t.equal(await store(chunks, object, CHUNK), null);
  t.strictSame(events.lines, ['error open ENOENT', 'error open ENOENT']);
  renameSync(away, tmp);
  t.equal(await store(chunks, object, CHUNK), null, 'not before the next probe');
  clock.advance(PROBE_INTERVAL_MS);
  const other = await chunks.openObject(identityOf('other', 100_000));
  t.ok(await storeAndRelease(chunks, other, chunkOf('other', 0, 100_000)));
  t.equal(chunks.usage().writable, true);
});

t.test('without room in memory either there is a clear error', async (t) => {
  t.testdir({});
  const memory = new MemoryBudget(TEST_CHUNK_BYTES);
  const opened = await openTestStore(t, { memory });
  const { chunks } = opened;
  const first = await chunks.draft(TEST_CHUNK_BYTES, 'memory');
  await t.rejects(chunks.draft(1, 'memory'), {
    code: 'no-space',
    source: 'internal',
    retryable: true,
  });
  first.discard();
  t.ok(await eventually(() => memory.usedBytes === 0));
  (await chunks.draft(1, 'memory')).discard();
  await opened.close();
  const createMemfd = (): number => {
    throw new Error('none here');
  };
  const without = await openTestStore(t, { memory, system: { ...systemCalls, createMemfd } });
  t.ok(await eventually(() => memory.usedBytes === 0));
  await t.rejects(without.chunks.draft(1, 'memory'), { code: 'no-space' });
  t.equal(memory.usedBytes, 0);
});

t.test('a draft whose file was deleted is discarded without an error', async (t) => {
  const directory = t.testdir({});
  const { chunks, events } = await openTestStore(t);
  const object = await chunks.openObject(IDENTITY);
  const draft = await chunks.draft(CHUNK.bytes.length);
  writeSync(draft.file.fd, CHUNK.bytes, 0, CHUNK.bytes.length, 0);
  rmSync(join(directory, 'tmp'), { recursive: true });
  t.equal(await chunks.commit(object, draft, CHUNK.record), null);
  t.ok(await eventually(() => chunks.usage().reservedBytes === 0));
  const next = await chunks.draft(1000);
  t.equal(next.placement, 'memory', 'and without its directory the next goes to memory');
  next.discard();
  t.match(events.lines, ['error commit UNKNOWN', 'error open ENOENT']);
});
