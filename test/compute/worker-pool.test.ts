/** One pool of threads: dead workers, bounded queue, ending. */
import t, { type Test } from 'tap';
import type { WorkerSetup } from '#src/compute/protocol.js';
import { WorkerPool, type WorkerPoolOptions } from '#src/compute/worker-pool.js';
import type { PoolTask } from './fixtures/pool-worker.js';

const SETUP: WorkerSetup = {
  wakeFds: [],
  memoryBudget: new SharedArrayBuffer(8),
  memoryLimitBytes: 0,
};

function makePool(
  test: Test,
  change: Partial<WorkerPoolOptions> = {},
): WorkerPool<PoolTask, string> {
  const pool = new WorkerPool<PoolTask, string>({
    script: new URL('fixtures/pool-worker.js', import.meta.url),
    threads: 1,
    tasksPerThread: 2,
    maxQueue: 2,
    setup: SETUP,
    ...change,
  });
  test.teardown(() => pool.close());
  return pool;
}

const echo = (value: string): PoolTask => ({ kind: 'echo', value });

function hold(): { task: PoolTask; let: () => void } {
  const word = new SharedArrayBuffer(4);
  return {
    task: { kind: 'hold', word },
    let: () => {
      Atomics.store(new Int32Array(word), 0, 1);
    },
  };
}

void t.test('a WorkerPool runs several tasks of one thread at once', async (t) => {
  const pool = makePool(t);
  pool.warm();
  const held = hold();
  const holding = pool.run(held.task);
  t.equal(await pool.run(echo('one')), 'one', 'while another task waits');
  held.let();
  t.equal(await holding, 'held');
});

void t.test('a task that throws rejects with internal, and the pool goes on', async (t) => {
  const pool = makePool(t);
  await t.rejects(pool.run({ kind: 'throw' }), { code: 'internal', retryable: true });
  t.equal(await pool.run(echo('next')), 'next');
});

void t.test('a thread that lacks a descriptor to load rejects with overload', async (t) => {
  const pool = makePool(t, { script: new URL('fixtures/starved-worker.js', import.meta.url) });
  await t.rejects(pool.run(echo('one')), { code: 'overload', retryable: true });
});

for (const kind of ['crash', 'exit'] as const) {
  void t.test(`a thread that dies by ${kind} fails its tasks and is replaced`, async (t) => {
    const pool = makePool(t);
    const neighbour = pool.run(hold().task);
    const dying = pool.run({ kind });
    await t.rejects(dying, { code: 'internal', retryable: true });
    await t.rejects(neighbour, { code: 'internal', retryable: true });
    t.equal(await pool.run(echo('next')), 'next');
  });
}

void t.test('a worker whose script does not load fails every task', async (t) => {
  const script = new URL('fixtures/broken-worker.js', import.meta.url);
  const pool = makePool(t, { script });
  for (const each of ['first', 'second', 'third']) {
    await t.rejects(pool.run(echo(each)), { code: 'internal' });
  }
  await Promise.all(
    ['a', 'b', 'c'].map((each) => t.rejects(pool.run(echo(each)), { code: 'internal' })),
  );
});

void t.test("a task beyond the queue's bound rejects with overload", async (t) => {
  const pool = makePool(t);
  const holds = Array.from({ length: 4 }, hold);
  const running = holds.map((each) => pool.run(each.task));
  await t.rejects(pool.run(echo('fifth')), { code: 'overload', retryable: true });
  for (const each of holds) each.let();
  t.same(await Promise.all(running), ['held', 'held', 'held', 'held']);
});

void t.test('close rejects running and later tasks with cancelled', async (t) => {
  const pool = makePool(t);
  const running = pool.run(hold().task);
  await pool.run(echo('loaded'));
  const rejected = t.rejects(running, { code: 'cancelled' });
  await pool.close();
  await rejected;
  await t.rejects(pool.run(echo('late')), { code: 'cancelled' });
  await pool.close();
});

void t.test('close of a pool that was never used resolves at once and does not crash', (t) =>
  makePool(t).close(),
);

void t.test('a thread that loads is not terminated: that can crash the process', async (t) => {
  const loaded = new SharedArrayBuffer(8);
  const pool = makePool(t, {
    script: new URL('fixtures/loading-worker.js', import.meta.url),
    threads: 2,
    setup: { ...SETUP, memoryBudget: loaded },
  });
  pool.warm();
  await pool.close();
  t.equal(new Int32Array(loaded)[0], 2);
});
