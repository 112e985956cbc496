import t from 'tap';
import { TransferTable } from '#src/telemetry/transfer-table.js';
import { ManualClock } from '../fixtures/manual-clock.js';

t.test('running transfers are read on request, ended ones shown for a while', async (t) => {
  const clock = new ManualClock();
  const table = new TransferTable<string>('x', clock);
  let bytes = 0;
  let reads = 0;
  const entry = table.start((id, nowMs) => {
    reads += 1;
    return `${id} ${String(bytes)} at ${String(nowMs)}`;
  });
  t.equal(reads, 0, 'nobody looked');
  bytes = 5;
  clock.advance(10);
  t.same(table.list(10), ['x1 5 at 10']);
  bytes = 7;
  entry.end();
  bytes = 9;
  entry.end();
  t.equal(table.size, 0);
  clock.advance(4_999);
  t.same(table.list(10), ['x1 7 at 10'], 'as it was at its end');
  clock.advance(1);
  t.same(table.list(10), []);
});

t.test('the listed and the ended transfers are bounded', async (t) => {
  const table = new TransferTable<string>('x', new ManualClock());
  const entries = Array.from({ length: 100 }, () => table.start((id) => id));
  t.same(table.list(2), ['x1', 'x2'], 'the oldest');
  t.equal(table.size, 100);
  for (const entry of entries) entry.end();
  t.equal(table.list(10).length, 64);
  t.equal(table.list(10)[0], 'x37');
});

t.test('a dropped transfer is not shown', async (t) => {
  const table = new TransferTable<string>('x', new ManualClock());
  const entry = table.start((id) => id);
  entry.drop();
  entry.end();
  t.same(table.list(10), []);
});

t.test('a transfer that ended at once is read when listed', async (t) => {
  const clock = new ManualClock();
  const table = new TransferTable<string>('x', clock);
  let reads = 0;
  table.startAndEnd((id, nowMs) => {
    reads += 1;
    return `${id} at ${String(nowMs)}`;
  });
  clock.advance(10);
  t.equal(reads, 0, 'nobody looked');
  t.equal(table.size, 0);
  t.same(table.list(10), ['x1 at 0']);
  clock.advance(4_990);
  t.same(table.list(10), []);
});
