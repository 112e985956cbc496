/**
 * The threads that hash held chunks again before their first read in this process. They are
 * separate from the fill threads, so that a disk read never waits for the network. Used by
 * cache/body/reader.
 */
import type { VerifyResult, VerifyTask, WorkerSetup } from './protocol.js';
import { WorkerPool } from './worker-pool.js';

/** The most chunks queued for verification; further readers are refused. */
export const MAX_QUEUED_VERIFICATIONS = 1024;

export interface VerifyPoolOptions {
  readonly threads: number;
  readonly setup: WorkerSetup;
}

export class VerifyPool {
  readonly #pool: WorkerPool<VerifyTask, VerifyResult>;

  constructor(options: VerifyPoolOptions) {
    this.#pool = new WorkerPool({
      script: new URL('../worker/verify-worker.js', import.meta.url),
      threads: options.threads,
      // Hashing never waits, so that a second task on the thread would only delay the first.
      tasksPerThread: 1,
      maxQueue: MAX_QUEUED_VERIFICATIONS,
      setup: options.setup,
    });
  }

  /**
   * Compares a chunk file with its group ids, and advances its watermark for each matching group.
   * Rejects with `overload`, `cancelled` (pool closed) or `internal` (worker died, retryable).
   */
  verify(task: VerifyTask): Promise<VerifyResult> {
    return this.#pool.run(task);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
