/**
 * Scans long JSON of a hub on a worker thread, because it would block the main thread for up to
 * seconds. There is one thread, because it holds the state of each unfinished text; it starts with
 * the first long text. Used by hub/json-answers; built by hub/mirror.
 */
import { WorkerPool } from '../compute/worker-pool.js';
import { ForebayError } from '../model/errors.js';
import type { ScanReply, ScanTask } from './scan-task.js';
import { noJson, type Read } from './json-text.js';

/** Texts scanned concurrently; each has at most one piece in transit. */
export const MAX_SCANS = 64;

export class ScanPool {
  readonly #pool = new WorkerPool<ScanTask, ScanReply>({
    script: new URL('./scan-worker.js', import.meta.url),
    threads: 1,
    tasksPerThread: 1,
    // A text may have one piece queued, and one `forget`.
    maxQueue: 2 * MAX_SCANS,
  });
  #next = 0;
  #running = 0;

  /**
   * Scans a text. The memory of `pieces` is transferred to the thread. Rejects with a
   * `ForebayError`: `origin-protocol` when it is not JSON, `overload` beyond `MAX_SCANS`, or as
   * `pieces` does.
   */
  async read(pieces: AsyncIterable<Buffer>): Promise<Read> {
    if (this.#running >= MAX_SCANS) throw tooMany();
    this.#running += 1;
    const text = this.#next++;
    try {
      for await (const piece of pieces) {
        await this.#run({ kind: 'feed', text, bytes: piece }, [piece.buffer as ArrayBuffer]);
      }
      const reply = await this.#run({ kind: 'end', text }, []);
      if (reply.kind !== 'found') throw noJson();
      return reply.read;
    } catch (error) {
      await this.#pool.run({ kind: 'forget', text }).catch(() => undefined);
      throw error;
    } finally {
      this.#running -= 1;
    }
  }

  /** Ends the thread. Resolves within a bounded time. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async #run(task: ScanTask, transfer: readonly ArrayBuffer[]): Promise<ScanReply> {
    const reply = await this.#pool.run(task, transfer);
    if (reply.kind === 'malformed') throw noJson();
    return reply;
  }
}

function tooMany(): ForebayError {
  return new ForebayError('overload', 'too many long answers of the hub are being read', {
    source: 'internal',
    retryable: true,
  });
}
