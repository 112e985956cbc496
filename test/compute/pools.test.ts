/** The three pools together: lazy threads, one ending. */
import t from 'tap';
import { createPools } from '#src/compute/pools.js';
import { MemoryBudget } from '#src/model/memory-budget.js';

void t.test('pools that are not used start no thread and close at once', async (t) => {
  const pools = createPools({
    threads: 2,
    connectionsPerThread: 16,
    verifyThreads: 1,
    wakeFds: [],
    memoryBudget: new MemoryBudget(1),
  });
  t.equal(pools.fill.laneCount, 32);
  t.equal(pools.fill.baseLaneCount, 8);
  t.equal(pools.fill.active, 0);
  await pools.close();
  await t.rejects(pools.hash.open({ algorithm: 'sha256' }).finish(), { code: 'cancelled' });
});
