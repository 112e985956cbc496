/**
 * What a worker thread has for all its tasks: the client with its lanes' connections, time, chance,
 * and buffers that outlive a task. Built once by fill-worker; tests build their own.
 */
import { GROUP_SIZE_BYTES } from '../model/chunk.js';
import type { OriginClient } from '../model/fetch.js';
import type { MemoryBudget } from '../model/memory-budget.js';
import type { Clock, Random } from '../model/time.js';

export interface WorkerContext {
  readonly client: OriginClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Descriptors to write to when a watermark moves. */
  readonly wakeFds: readonly number[];
  /** What a chunk is charged to when its disk fails. */
  readonly memory: MemoryBudget;
  readonly buffers: GroupBuffers;
}

/** Buffers kept for the next task: as many as a thread has lanes in any sensible configuration. */
const MAX_IDLE_BUFFERS = 16;

/**
 * Buffers of one group each. A fill reads the socket into one, writes from it and hashes it, so a
 * lane needs one and no byte is allocated per read.
 */
export class GroupBuffers {
  readonly #idle: Uint8Array[] = [];

  take(): Uint8Array {
    return this.#idle.pop() ?? new Uint8Array(GROUP_SIZE_BYTES);
  }

  give(buffer: Uint8Array): void {
    if (this.#idle.length < MAX_IDLE_BUFFERS) this.#idle.push(buffer);
  }
}
