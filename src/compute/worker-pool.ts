/**
 * One pool of equal worker threads: the only file that uses piscina. The fill, verify and hash
 * pools are built from it. It turns a dead worker into a typed failure and replaces it.
 */
import type { Transferable, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { ForebayError, ownShortage } from '../model/errors.js';
import { type Clock, systemClock } from '../model/time.js';
import type { WorkerSetup } from './protocol.js';

/**
 * Ends of a pool are waited for this long: a thread inside a stuck disk write cannot be stopped.
 */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * Heap bounds of a worker: it keeps no body bytes on its heap (buffers are outside it), so a small
 * young generation costs nothing and keeps the whole process below its memory target.
 */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

export interface WorkerPoolOptions {
  /** Absolute URL of the module whose default export handles a task. */
  readonly script: URL;
  readonly threads: number;
  readonly tasksPerThread: number;
  /** Tasks that may wait for a thread; one more is refused with `overload`. */
  readonly maxQueue: number;
  /** For threads that write chunks or hash them. */
  readonly setup?: WorkerSetup;
  readonly clock?: Clock;
}

/**
 * Runs tasks on `threads` workers, created when the first task arrives or by `warm`. A rejection is
 * always a `ForebayError`, and comes only after the worker has released the task's descriptors.
 */
export class WorkerPool<Task, Result> {
  readonly #options: WorkerPoolOptions;
  readonly #clock: Clock;
  #piscina: Piscina<Task, Result> | null = null;
  /** Resolves when every thread that `#piscina` began with has loaded its script, or has ended. */
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
   * Rejects with `internal` (retryable) if the worker failed or died, with `overload` if the queue
   * is full or a thread could not start for lack of descriptors or memory.
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
      // piscina rejects while the thread is still being torn down: it may be inside a write to a
      // descriptor that our caller closes next, and whose number the next open() takes.
      await this.#destroying;
      this.#assertOpen();
      throw (
        ownShortage(cause) ?? new ForebayError('internal', 'a worker failed', { ...AGAIN, cause })
      );
    }
  }

  /** Terminates the threads; running tasks reject with `cancelled`. Resolves within a bound. */
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
      // 'sync' would block an idle worker's event loop: a closed keep-alive socket goes unnoticed.
      atomics: 'async',
      maxQueue: Math.max(1, maxQueue),
      resourceLimits: WORKER_LIMITS,
      workerData: setup,
      recordTiming: false,
      // Otherwise piscina puts a task that finds no free thread behind the others.
      stricterFIFO: true,
    });
    // Emitted when a thread dies without a task, above all while it loads: tasks that wait for it
    // would wait for ever, as piscina does not start a thread again that failed while loading.
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
    // A thread that is terminated while it loads modules can end the whole process: V8's fatal
    // error in Module::IsGraphAsync, seen when a program was stopped right after its start (Node.js
    // 20.20).
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

/** A thread's first message, piscina's own, means that its script is loaded. */
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
