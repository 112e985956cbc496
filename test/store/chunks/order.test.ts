import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readOrder } from '#src/store/chunks/order.js';
import { chunkOf, identityOf, readsRight, storeAndRelease } from '../../fixtures/store-chunks.js';
import { eventually } from '../../fixtures/store-eventually.js';
import { openTestStore } from '../../fixtures/store-opening.js';

t.test('a snapshot lists ids coldest first, and torn bytes are ignored', (t) => {
  const path = join(t.testdir({}), 'v1');
  t.strictSame(readOrder(path), { ids: [], sizeBytes: 0 });
  writeFileSync(path, Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(7)]));
  t.strictSame(readOrder(path), { ids: ['01'.repeat(32), '02'.repeat(32)], sizeBytes: 71 });
  t.end();
});

t.test('the order is saved every interval, if changed, and at close', async (t) => {
  const directory = t.testdir({});
  const opened = await openTestStore(t, { orderSnapshotIntervalMs: 1000 });
  const { chunks, clock } = opened;
  const object = await chunks.openObject(identityOf('ordered', null));
  const parts = [0, 1, 2].map((index) => chunkOf('ordered', index, 100));
  for (const part of parts) await storeAndRelease(chunks, object, part);
  const path = join(directory, 'order/v1');
  t.notOk(existsSync(path));
  const ids = parts.map((part) => part.record.id);
  clock.advance(1000);
  t.ok(await eventually(() => existsSync(path)));
  t.strictSame(readOrder(path).ids, ids);
  t.ok(await eventually(() => clock.pendingTimers === 1), 'and the next one is due');
  const bytes = readFileSync(path);
  writeFileSync(path, 'untouched');
  clock.advance(1000);
  t.ok(await eventually(() => clock.pendingTimers === 1));
  t.equal(readFileSync(path, 'utf8'), 'untouched', 'nothing had changed');
  writeFileSync(path, bytes);
  if (parts[0] !== undefined) await readsRight(chunks, object, parts[0]);
  await opened.close();
  t.strictSame(readOrder(path).ids, [ids[1], ids[2], ids[0]]);
  t.equal(clock.pendingTimers, 0);
});
