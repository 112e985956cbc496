/**
 * The fetch threads and their lanes. A lane is a place for one connection on one thread;
 * cache/fill/fill submits jobs, and each gets a lane. Lanes keep an origin within its configured
 * connections, idle keep-alive sockets in the workers included. It gets more than a few connections
 * only while they raise its throughput (compute/origin-connections).
 */
import type { Transferable } from 'node:worker_threads';
import { baseLanes } from '../config/lanes.js';
import { deferred } from '../model/deferred.js';
import { ForebayError } from '../model/errors.js';
import { type Clock, systemClock } from '../model/time.js';
import { OriginConnections, type ConnectionsOptions, type Measured } from './origin-connections.js';
import { type Priority, JobQueue } from './job-queue.js';
import { LaneTable } from './lane-table.js';
import type { FillResult, FillTask, OpenResult, OpenTask, WorkerSetup } from './protocol.js';
import { WorkerPool } from './worker-pool.js';

export type { Priority } from './job-queue.js';

/**
 * The most jobs that wait for a lane, a few hundred bytes each. The limits on clients keep the
 * queue far shorter; this bounds memory in case of a bug or an attack.
 */
export const MAX_QUEUED_JOBS = 4096;

/** The message to the worker. */
export interface Shipment<T extends FillTask | OpenTask> {
  readonly task: T;
  readonly transferList?: readonly Transferable[];
}

export interface FillJob<T extends FillTask | OpenTask> {
  readonly originName: string;
  /** The configured limit of this origin's connections, over all threads. */
  readonly maxConnections: number;
  readonly priority: Priority;
  /** Returns the body bytes received so far; 0 before the job runs, and it never falls. */
  receivedBytes(): number;
  /**
   * Reserves space and builds the task. Called once, after the job got its lane and `submit` has
   * returned. A failure frees the lane and rejects `result`.
   */
  makeTask(lane: number): Shipment<T> | Promise<Shipment<T>>;
}

export type JobResult<T extends FillTask | OpenTask> = T extends FillTask ? FillResult : OpenResult;

export interface JobTicket<R> {
  /**
   * Resolves with true when the job gets a lane, false when it ends in the queue. Never rejects.
   */
  readonly started: Promise<boolean>;
  /**
   * The worker's result. Rejects with a `ForebayError`: `overload` (queue full), `cancelled`
   * (dropped, pool closed), `internal` (worker died, retryable), or the error of `makeTask`. The
   * worker does not touch the task's descriptor after this settles.
   */
  readonly result: Promise<R>;
  /** Turns a queued read-ahead into demand, because a reader waits. No effect once started. */
  promote(): void;
  /** Removes a queued job; returns false when it has started or ended. */
  dropIfQueued(): boolean;
}

export interface FillPoolOptions {
  readonly threads: number;
  readonly connectionsPerThread: number;
  /** Lanes that may be busy at once; by default all. */
  readonly usableLanes?: number;
  readonly setup: WorkerSetup;
  readonly clock?: Clock;
  /** Called when an origin's allowed connections change. */
  readonly onAllowed?: ConnectionsOptions['onAllowed'];
  /** The module that the threads run; tests replace the fill worker. */
  readonly script?: URL;
}

interface QueuedJob extends Measured {
  readonly maxConnections: number;
  priority: Priority;
  /** Runs the job on its lane. Resolves with the worker's result, if any; never rejects. */
  run(lane: number): Promise<FillResult | OpenResult | undefined>;
  drop(reason: ForebayError): void;
}

export class FillPool {
  readonly #threads: readonly WorkerPool<FillTask | OpenTask, FillResult | OpenResult>[];
  readonly #lanes: LaneTable;
  readonly #queue = new JobQueue<QueuedJob>();
  readonly #connections: OriginConnections;
  readonly #baseLanes: number;
  #usableLanes: number;
  #closed = false;

  constructor(options: FillPoolOptions) {
    const script = options.script ?? new URL('../worker/fill-worker.js', import.meta.url);
    // One pool per thread: a lane's connection belongs to one thread, and piscina does not let a
    // task choose its thread.
    this.#threads = Array.from(
      { length: options.threads },
      () =>
        new WorkerPool({
          script,
          threads: 1,
          tasksPerThread: options.connectionsPerThread,
          // A thread never gets more tasks than lanes. They wait here only while a dead thread is
          // replaced.
          maxQueue: options.connectionsPerThread,
          setup: options.setup,
        }),
    );
    this.#lanes = new LaneTable(options.threads, options.connectionsPerThread);
    this.#baseLanes = baseLanes(options);
    this.#usableLanes = options.usableLanes ?? this.#lanes.count;
    this.#connections = new OriginConnections({
      clock: options.clock ?? systemClock,
      onAllowed: (...change) => {
        options.onAllowed?.(...change);
        this.#dispatch();
      },
    });
  }

  /** The number of lanes, which is the most jobs that run at once. */
  get laneCount(): number {
    return this.#lanes.count;
  }

  /** The lanes that are usable at any capacity; client quotas are computed from this number. */
  get baseLaneCount(): number {
    return this.#baseLanes;
  }

  /** Sets how many lanes may be busy at once. Running jobs continue. */
  resize(usableLanes: number): void {
    this.#usableLanes = usableLanes;
    this.#dispatch();
  }

  /** Returns the connections that an origin is allowed now, at most `maxConnections`. */
  allowedConnections(originName: string, maxConnections: number): number {
    return this.#connections.allowed(originName, this.#most(maxConnections));
  }

  /** Jobs that hold a lane. */
  get active(): number {
    return this.#lanes.busyCount;
  }

  /** Jobs that wait for a lane. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Starts all threads now instead of with their first job. */
  warm(): void {
    for (const thread of this.#threads) thread.warm();
  }

  /** Queues a job: demand before read-ahead, origins in turn, first come first served within. */
  submit<T extends FillTask | OpenTask>(job: FillJob<T>): JobTicket<JobResult<T>> {
    const started = deferred<boolean>();
    const result = deferred<JobResult<T>>();
    const queued: QueuedJob = {
      originName: job.originName,
      maxConnections: job.maxConnections,
      priority: job.priority,
      receivedBytes: () => job.receivedBytes(),
      run: async (lane) => {
        started.resolve(true);
        // Awaited so that `makeTask` runs after `submit` has returned, also with a free lane.
        await started.promise;
        try {
          const { task, transferList } = await job.makeTask(lane);
          const found = await this.#threadOf(lane).run(task, transferList);
          // By the protocol a fill task yields a fill result, and an open task an open result.
          result.resolve(found as JobResult<T>);
          return found;
        } catch (error) {
          result.reject(error);
          return undefined;
        }
      },
      drop: (reason) => {
        started.resolve(false);
        result.reject(reason);
      },
    };
    this.#enqueue(queued);
    return {
      started: started.promise,
      result: result.promise,
      promote: () => {
        this.#queue.promote(queued);
      },
      dropIfQueued: () => {
        if (!this.#queue.remove(queued)) return false;
        queued.drop(new ForebayError('cancelled', 'dropped before it started', NOT_AGAIN));
        return true;
      },
    };
  }

  /**
   * Drops queued jobs and terminates the threads; running jobs reject. Resolves within a bounded
   * time.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#connections.close();
    for (const job of this.#queue.drain()) job.drop(poolClosed());
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #threadOf(lane: number): WorkerPool<FillTask | OpenTask, FillResult | OpenResult> {
    const thread = this.#threads[this.#lanes.threadOf(lane)];
    if (thread === undefined) throw new RangeError(`no thread for lane ${String(lane)}`);
    return thread;
  }

  #enqueue(job: QueuedJob): void {
    if (this.#closed) job.drop(poolClosed());
    else if (this.#queue.size >= MAX_QUEUED_JOBS) {
      job.drop(new ForebayError('overload', 'too many fetches wait for a connection', AGAIN));
    } else {
      this.#queue.push(job);
      this.#dispatch();
    }
  }

  #most(maxConnections: number): number {
    return Math.min(maxConnections, this.#usableLanes);
  }

  #dispatch(): void {
    for (;;) {
      let lane: number | undefined;
      const job = this.#queue.shift((candidate) => {
        lane = this.#laneFor(candidate);
        return lane !== undefined;
      });
      if (job === undefined || lane === undefined) return;
      void this.#run(job, lane);
    }
  }

  #laneFor({ originName, maxConnections }: QueuedJob): number | undefined {
    const hasRoom = this.#lanes.busyCount < this.#usableLanes;
    const allowed = this.allowedConnections(originName, maxConnections);
    return hasRoom ? this.#lanes.take(originName, allowed) : undefined;
  }

  async #run(job: QueuedJob, lane: number): Promise<void> {
    this.#connections.began(job, this.#most(job.maxConnections));
    const result = await job.run(lane);
    this.#connections.ended(job, result);
    this.#lanes.release(lane);
    this.#dispatch();
  }
}

const AGAIN = { source: 'internal', retryable: true } as const;
const NOT_AGAIN = { source: 'internal', retryable: false } as const;

function poolClosed(): ForebayError {
  return new ForebayError('cancelled', 'the pool is closed', NOT_AGAIN);
}
