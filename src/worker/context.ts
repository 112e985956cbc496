/**
 * The objects that all tasks of a fill thread share: the client with the connections of its lanes,
 * the clock, the random source, and buffers. Built once by fill-worker; tests build their own.
 */
import { GROUP_SIZE_BYTES } from '../model/chunk.js';
import type { OriginClient } from '../model/fetch.js';
import type { MemoryBudget } from '../model/memory-budget.js';
import type { Clock, Random } from '../model/time.js';

export interface WorkerContext {
  readonly client: OriginClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Eventfds to write to when a watermark moves. */
  readonly wakeFds: readonly number[];
  /** The budget for chunks that are kept in memory because the disk failed. */
  readonly memory: MemoryBudget;
  readonly buffers: GroupBuffers;
}

/** Most idle buffers kept: as many as a thread has lanes in any sensible configuration. */
const MAX_IDLE_BUFFERS = 16;

/**
 * A pool of buffers of one group each. A fill reads from the socket into its buffer, writes the
 * file from it and hashes it. A lane thus needs one buffer, and a read allocates no memory.
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
