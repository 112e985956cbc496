/**
 * A pool of equal worker threads, the only user of piscina. The fill, verify, hash and scan pools
 * are built from it. When a worker dies, its tasks reject with a typed error and the pool starts
 * anew.
 */
import type { Transferable, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { ForebayError, ownShortage } from '../model/errors.js';
import { type Clock, systemClock } from '../model/time.js';
import type { WorkerSetup } from './protocol.js';

/** How long a pool's end is awaited: a thread inside a stuck disk write cannot be stopped. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * Heap bounds of a worker. Its body bytes are in buffers outside the heap, so that a small young
 * generation costs no time and keeps the process below its memory target.
 */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

export interface WorkerPoolOptions {
  /** Absolute URL of the module whose default export handles a task. */
  readonly script: URL;
  readonly threads: number;
  readonly tasksPerThread: number;
  /** The most tasks that wait for a thread; one more rejects with `overload`. */
  readonly maxQueue: number;
  /** The data for threads that write or hash chunks. */
  readonly setup?: WorkerSetup;
  readonly clock?: Clock;
}

/**
 * Runs tasks on `threads` workers, which start with the first task or by `warm`. A rejection is
 * always a `ForebayError`, and comes only after the worker has stopped using the task's
 * descriptors.
 */
export class WorkerPool<Task, Result> {
  readonly #options: WorkerPoolOptions;
  readonly #clock: Clock;
  #piscina: Piscina<Task, Result> | null = null;
  /** Resolves when every initial thread of `#piscina` has loaded its script or has ended. */
  #loaded: Promise<unknown> = Promise.resolve();
  #destroying: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Starts the threads now instead of with the first task. */
  warm(): void {
    if (!this.#closed) this.#threads();
  }

  /**
   * Runs a task. Rejects with `internal` (retryable) when the worker failed or died, `overload`
   * when the queue is full or a thread could not start for lack of descriptors or memory,
   * `cancelled` when the pool is closed.
   */
  async run(task: Task, transferList: readonly Transferable[] = []): Promise<Result> {
    this.#assertOpen();
    const piscina = this.#threads();
    if (piscina.queueSize >= this.#options.maxQueue) {
      throw new ForebayError('overload', 'too many tasks wait for a worker', AGAIN);
    }
    try {
      return await piscina.run(task, { transferList: [...transferList] });
    } catch (cause) {
      // piscina rejects while the thread is still being terminated. The thread may be writing to a
      // descriptor that the caller closes next, and whose number the next open() reuses.
      await this.#destroying;
      this.#assertOpen();
      throw (
        ownShortage(cause) ?? new ForebayError('internal', 'a worker failed', { ...AGAIN, cause })
      );
    }
  }

  /**
   * Terminates the threads; running tasks reject with `cancelled`. Resolves within a bounded time.
   */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#piscina !== null) this.#discard(this.#piscina);
    await this.#destroying;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ForebayError('cancelled', 'the pool is closed', NOT_AGAIN);
  }

  #threads(): Piscina<Task, Result> {
    if (this.#piscina !== null) return this.#piscina;
    const { threads, tasksPerThread, script, setup, maxQueue } = this.#options;
    const piscina = new Piscina<Task, Result>({
      filename: script.href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: tasksPerThread,
      // 'sync' would block an idle worker's event loop, so that it would not notice the closing of
      // a keep-alive socket.
      atomics: 'async',
      maxQueue: Math.max(1, maxQueue),
      resourceLimits: WORKER_LIMITS,
      workerData: setup,
      recordTiming: false,
      // Otherwise piscina moves a task that finds no free thread behind the others.
      stricterFIFO: true,
    });
    // Emitted when a thread dies without a task, above all while loading. piscina does not restart
    // a thread that failed while loading, so that tasks waiting for it would wait for ever.
    piscina.on('error', () => {
      this.#discard(piscina);
    });
    this.#piscina = piscina;
    this.#loaded = Promise.all(piscina.threads.map(hasLoaded));
    return piscina;
  }

  #discard(piscina: Piscina<Task, Result>): void {
    if (this.#piscina !== piscina) return;
    this.#piscina = null;
    // Waits for `#loaded`: terminating a thread while it loads modules can end the whole process by
    // V8's fatal error in Module::IsGraphAsync, seen when a program was stopped right after its
    // start (Node.js 20.20).
    const ending = this.#bounded(this.#loaded.then(() => piscina.destroy()));
    this.#destroying = Promise.all([this.#destroying, ending]);
  }

  #bounded(ending: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
      void ending.finally(() => {
        cancel();
        resolve();
      });
    });
  }
}

/**
 * Resolves when a thread has loaded its script or has ended. Its first message is piscina's own
 * signal that the script is loaded, which piscina does not expose.
 */
function hasLoaded(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['message', 'exit']) {
      thread.once(event, () => {
        resolve();
      });
    }
  });
}

const AGAIN = { source: 'internal', retryable: true } as const;
const NOT_AGAIN = { source: 'internal', retryable: false } as const;
