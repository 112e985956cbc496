/**
 * The one thread that follows fills with sequential hashes of whole objects. One thread, because
 * a hash's state lives in it between the chunks; it starts with the first stream. Called by cache/.
 */
import type { Digest } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { HashResult, HashTask, StreamHash, WorkerSetup } from './protocol.js';
import { WorkerPool } from './worker-pool.js';

/** Steps that may wait; callers await each step of a stream, so this bounds streams, not bytes. */
export const MAX_QUEUED_STEPS = 1024;

export type HashUpdate = Extract<HashResult, { kind: 'updated' | 'unreadable' }>;

/** A hash in progress. Its steps run in the order they are called. */
export interface HashStream {
  /**
   * Feeds the first `lengthBytes` of a chunk file; after `unreadable` only `forget` makes sense.
   */
  update(fd: number, lengthBytes: number): Promise<HashUpdate>;
  /** The digest in lower-case hex digits. Ends the stream. */
  finish(): Promise<string>;
  /** Ends the stream without a digest. Never rejects. */
  forget(): Promise<void>;
}

/**
 * The hash that checks a digest over an object of this length; `undefined` if no bytes need
 * hashing: BLAKE3 roots come from chunk ids, and git's hash begins with a length that is not known
 * yet.
 */
export function streamHashOf(
  digest: Digest | null,
  lengthBytes: number | null,
): StreamHash | undefined {
  switch (digest?.algorithm) {
    case 'sha256':
      return { algorithm: 'sha256' };
    case 'git-sha1':
      if (lengthBytes === null) return undefined;
      return { algorithm: 'git-sha1', objectLengthBytes: lengthBytes };
    case 'blake3':
    case undefined:
      return undefined;
  }
}

export class HashPool {
  readonly #pool: WorkerPool<HashTask, HashResult>;
  #nextStream = 0;

  constructor(setup: WorkerSetup) {
    this.#pool = new WorkerPool({
      script: new URL('../worker/hash-worker.js', import.meta.url),
      threads: 1,
      tasksPerThread: 1,
      maxQueue: MAX_QUEUED_STEPS,
      setup,
    });
  }

  /**
   * Begins a stream. Its steps reject with `internal` when the worker died or refused it (too many
   * streams at once): the stream is lost then and has to begin again from byte 0.
   */
  open(hash: StreamHash): HashStream {
    const stream = this.#nextStream++;
    let offset = 0;
    return {
      update: async (fd, lengthBytes) => {
        const task: HashTask = { kind: 'hash-update', stream, hash, offset, fd, lengthBytes };
        offset += lengthBytes;
        const result = await this.#pool.run(task);
        if (result.kind === 'updated' || result.kind === 'unreadable') return result;
        throw outOfStep(result.kind);
      },
      finish: async () => {
        const result = await this.#pool.run({ kind: 'hash-finish', stream, hash, offset });
        if (result.kind === 'digest') return result.hex;
        throw outOfStep(result.kind);
      },
      forget: async () => {
        await this.#pool.run({ kind: 'hash-forget', stream }).catch(() => undefined);
      },
    };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function outOfStep(kind: HashResult['kind']): ForebayError {
  return new ForebayError('internal', `the hash worker answered ${kind}`, {
    source: 'internal',
    retryable: false,
  });
}
