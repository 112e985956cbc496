/** Builds the fill, verify and hash pools from one set of sizes. Used by assemble. */
import type { MemoryBudget } from '../model/memory-budget.js';
import { FillPool, type FillPoolOptions } from './fill-pool.js';
import { HashPool } from './hash-pool.js';
import type { WorkerSetup } from './protocol.js';
import { VerifyPool } from './verify-pool.js';

/** `threads` are fill threads, `connectionsPerThread` the lanes of each. */
export interface PoolSizes extends Omit<FillPoolOptions, 'setup' | 'script'> {
  readonly verifyThreads: number;
  /** The descriptors to wake when a watermark moves (`WatermarkRegistry.wakeFds`). */
  readonly wakeFds: readonly number[];
  /** The budget to which chunks in memory are charged after their disk failed. */
  readonly memoryBudget: MemoryBudget;
}

export interface Pools {
  readonly fill: FillPool;
  readonly verify: VerifyPool;
  readonly hash: HashPool;
  /**
   * Terminates all threads; running tasks reject with `cancelled`. Resolves within a bounded time.
   */
  close(): Promise<void>;
}

/** Creates the pools. Their threads start with the first task or by `warm`. */
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
