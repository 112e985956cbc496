/**
 * The threads that re-hash held chunks before their first read in this process, apart from the
 * fill threads so that a disk read never waits behind the network. Called by cache/body/reader.
 */
import type { VerifyResult, VerifyTask, WorkerSetup } from './protocol.js';
import { WorkerPool } from './worker-pool.js';

/** Chunks that may wait for verification; beyond it readers are refused rather than queued. */
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
      // Hashing never waits for anything: a second task on the same thread only delays the first.
      tasksPerThread: 1,
      maxQueue: MAX_QUEUED_VERIFICATIONS,
      setup: options.setup,
    });
  }

  /**
   * Compares a chunk file with its group ids and advances its watermark as they match. Rejects
   * with `overload`, `cancelled` (pool closed) or `internal` (worker died, retryable).
   */
  verify(task: VerifyTask): Promise<VerifyResult> {
    return this.#pool.run(task);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
