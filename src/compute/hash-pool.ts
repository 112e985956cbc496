/**
 * The thread that computes sequential hashes of whole objects, chunk by chunk after their fills.
 * There is one, because it holds the state of each hash between chunks; it starts with the first
 * stream. Used by cache/.
 */
import type { Digest } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { HashResult, HashTask, StreamHash, WorkerSetup } from './protocol.js';
import { WorkerPool } from './worker-pool.js';

/** The most queued steps. Callers await each step, so that this bounds streams, not bytes. */
export const MAX_QUEUED_STEPS = 1024;

export type HashUpdate = Extract<HashResult, { kind: 'updated' | 'unreadable' }>;

/** A hash in progress. Its steps run in the order of the calls. */
export interface HashStream {
  /** Hashes the first `lengthBytes` of a chunk file. After `unreadable` call only `forget`. */
  update(fd: number, lengthBytes: number): Promise<HashUpdate>;
  /** Ends the stream and resolves with the digest in lower-case hex digits. */
  finish(): Promise<string>;
  /** Ends the stream without a digest. Never rejects. */
  forget(): Promise<void>;
}

/**
 * Returns the hash that checks a digest of an object of this length. Returns `undefined` for
 * BLAKE3, whose root is computed from chunk ids, and for git's hash while the length, with which it
 * begins, is unknown.
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
   * Begins a stream. Its steps reject with `internal` when the worker died or refused the stream
   * (too many at once). Then the stream is lost, and a new one must start from byte 0.
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
  return new ForebayError('internal', `the hash worker sent an unexpected result: ${kind}`, {
    source: 'internal',
    retryable: false,
  });
}
