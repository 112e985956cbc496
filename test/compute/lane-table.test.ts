/** Lanes: spread over threads, warm where possible, never more of one origin than allowed. */
import fc from 'fast-check';
import t from 'tap';
import { LaneTable } from '#src/compute/lane-table.js';

void t.test('consecutive jobs go to different threads', (t) => {
  const table = new LaneTable(2, 3);
  t.equal(table.count, 6);
  const lanes = [1, 2, 3, 4].map(() => table.take('a', 6) ?? -1);
  t.same(
    lanes.map((lane) => table.threadOf(lane)),
    [0, 1, 0, 1],
  );
  t.equal(table.busyCount, 4);
  t.end();
});

void t.test('a job gets the lane with the warm connection', (t) => {
  const table = new LaneTable(1, 3);
  const [a, b] = [table.take('a', 1), table.take('b', 1)];
  table.release(a ?? -1);
  table.release(b ?? -1);
  t.equal(table.take('b', 1), b);
  t.equal(table.take('a', 1), a);
  t.end();
});

void t.test('an idle lane counts against its origin until it is given to another', (t) => {
  const table = new LaneTable(1, 2);
  const first = table.take('a', 2) ?? -1;
  const second = table.take('a', 2) ?? -1;
  t.equal(table.take('b', 1), undefined, 'no lane is idle');
  table.release(first);
  t.equal(table.take('a', 2), first);
  table.release(first);
  table.release(second);
  t.equal(table.take('b', 1), first, 'the one idle for longest is reassigned');
  t.equal(table.take('b', 1), undefined, 'b has its maximum');
  t.equal(table.take('a', 1), second);
  t.end();
});

void t.test('an origin that is allowed fewer than before uses those that it used last', (t) => {
  const table = new LaneTable(1, 4);
  const lanes = [1, 2, 3, 4].map(() => table.take('a', 4) ?? -1);
  for (const lane of lanes) table.release(lane);
  const [, , third, fourth] = lanes;
  t.equal(table.take('a', 2), fourth);
  t.equal(table.take('a', 2), third);
  t.equal(table.take('a', 2), undefined, 'idle lanes of its own are none that it may use');
  table.release(third ?? -1);
  t.equal(table.take('a', 2), third, 'the others keep idle, and their connections time out');
  t.end();
});

void t.test('only a taken lane can be released', (t) => {
  const table = new LaneTable(1, 1);
  t.throws(() => {
    table.release(0);
  }, RangeError);
  t.throws(() => {
    table.release(7);
  }, RangeError);
  t.end();
});

void t.test('no origin ever has more lanes than its maximum, busy or warm', (t) => {
  const step = fc.record({ origin: fc.constantFrom('a', 'b', 'c'), release: fc.boolean() });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.record({ a: fc.integer({ min: 1, max: 4 }), b: fc.constant(1), c: fc.constant(2) }),
      fc.array(step, { maxLength: 60 }),
      (threads, perThread, limits, steps) => {
        const table = new LaneTable(threads, perThread);
        const lastServed = new Map<number, string>();
        const busy: number[] = [];
        for (const { origin, release } of steps) {
          if (release) {
            const lane = busy.shift();
            if (lane !== undefined) table.release(lane);
            continue;
          }
          const limit = limits[origin];
          const lane = table.take(origin, limit);
          if (lane === undefined) continue;
          t.notOk(busy.includes(lane), 'one job a lane');
          busy.push(lane);
          lastServed.set(lane, origin);
          const connections = [...lastServed.values()].filter((name) => name === origin).length;
          if (connections > limit) return false;
        }
        return table.busyCount === busy.length;
      },
    ),
  );
  t.end();
});
