/** Builds the three pools from one set of sizes; assemble.ts is the only caller. */
import type { MemoryBudget } from '../model/memory-budget.js';
import { FillPool, type FillPoolOptions } from './fill-pool.js';
import { HashPool } from './hash-pool.js';
import type { WorkerSetup } from './protocol.js';
import { VerifyPool } from './verify-pool.js';

/** `threads` are fill threads, `connectionsPerThread` the lanes of each. */
export interface PoolSizes extends Omit<FillPoolOptions, 'setup' | 'script'> {
  readonly verifyThreads: number;
  /** Descriptors to wake when a watermark moves (`WatermarkRegistry.wakeFd`, later the pump's). */
  readonly wakeFds: readonly number[];
  /** What chunks whose disk failed are charged to. */
  readonly memoryBudget: MemoryBudget;
}

export interface Pools {
  readonly fill: FillPool;
  readonly verify: VerifyPool;
  readonly hash: HashPool;
  /** Terminates all threads. Running tasks reject with `cancelled`. Resolves within a bound. */
  close(): Promise<void>;
}

/** Threads start with their first task, or by `warm`: verification costs nothing while unused. */
export function createPools(sizes: PoolSizes): Pools {
  const setup: WorkerSetup = {
    wakeFds: sizes.wakeFds,
    memoryBudget: sizes.memoryBudget.shared,
    memoryLimitBytes: sizes.memoryBudget.limitBytes,
  };
  const fill = new FillPool({ ...sizes, setup });
  const verify = new VerifyPool({ threads: sizes.verifyThreads, setup });
  const hash = new HashPool(setup);
  return {
    fill,
    verify,
    hash,
    close: async () => {
      await Promise.all([fill.close(), verify.close(), hash.close()]);
    },
  };
}
