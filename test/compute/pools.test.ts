/** The three pools together: when their threads start, and how they are closed. */
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { createPools, type Pools } from '#src/compute/pools.js';
import { MemoryBudget } from '#src/model/memory-budget.js';

const FILL_THREADS = 2;

function makePools(t: Test): Pools {
  const pools = createPools({
    threads: FILL_THREADS,
    connectionsPerThread: 16,
    verifyThreads: 1,
    wakeFds: [],
    memoryBudget: new MemoryBudget(1),
  });
  t.teardown(() => pools.close());
  return pools;
}

/** Collects each worker thread that this process starts: Node emits the event in the next tick. */
function startedThreads(t: Test): Worker[] {
  const threads: Worker[] = [];
  const collect = (worker: Worker): unknown => threads.push(worker);
  process.on('worker', collect);
  t.teardown(() => process.off('worker', collect));
  return threads;
}

t.test('createPools starts no thread, and pools that were never used close at once', async (t) => {
  const threads = startedThreads(t);
  const pools = makePools(t);
  t.equal(pools.fill.laneCount, 32);
  t.equal(pools.fill.baseLaneCount, 8);
  t.equal(pools.fill.active, 0);
  await setImmediate();
  t.equal(threads.length, 0, 'no thread after createPools');
  await pools.close();
  await t.rejects(pools.hash.open({ algorithm: 'sha256' }).finish(), { code: 'cancelled' });
  await setImmediate();
  t.equal(threads.length, 0, 'no thread after the close');
});

t.test('FillPool.warm starts the fill threads and no other', async (t) => {
  const threads = startedThreads(t);
  makePools(t).fill.warm();
  await setImmediate();
  t.equal(threads.length, FILL_THREADS);
});
