/**
 * Runs `HashTask`s: sequential hashes of whole objects, one chunk file at a time, so that a long
 * object yields to the others between its chunks.
 */
import { createHash, type Hash } from 'node:crypto';
import type { HashResult, HashTask, StreamHash } from '../compute/protocol.js';
import { GROUP_SIZE_BYTES } from '../model/chunk.js';
import { errnoOf } from '../model/errno.js';
import { internalFault } from './faults.js';
import { readFully } from './read-fully.js';

/**
 * Objects hashed at once. A state is some hundred bytes; the bound ends streams that the main
 * thread forgot to forget.
 */
export const MAX_STREAMS = 1024;

interface Stream {
  readonly hash: Hash;
  hashedBytes: number;
}

export class ObjectHasher {
  readonly #streams = new Map<number, Stream>();
  readonly #buffer = new Uint8Array(GROUP_SIZE_BYTES);

  /** Throws `internal` if a stream is not at the task's offset: its state was lost. */
  run(task: HashTask): HashResult {
    switch (task.kind) {
      case 'hash-update':
        return this.#update(task);
      case 'hash-finish': {
        const stream = this.#at(task);
        this.#streams.delete(task.stream);
        return { kind: 'digest', hex: stream.hash.digest('hex') };
      }
      case 'hash-forget':
        this.#streams.delete(task.stream);
        return { kind: 'forgotten' };
    }
  }

  #update(task: Extract<HashTask, { kind: 'hash-update' }>): HashResult {
    const stream = this.#at(task);
    let position = 0;
    while (position < task.lengthBytes) {
      const wanted = Math.min(GROUP_SIZE_BYTES, task.lengthBytes - position);
      try {
        if (readFully(task.fd, this.#buffer, wanted, position) < wanted) {
          return this.#unreadable(task.stream, 'EOF');
        }
      } catch (error) {
        return this.#unreadable(task.stream, errnoOf(error));
      }
      stream.hash.update(this.#buffer.subarray(0, wanted));
      position += wanted;
    }
    stream.hashedBytes += task.lengthBytes;
    return { kind: 'updated' };
  }

  /** The state may hold part of the chunk: it is of no use any more. */
  #unreadable(id: number, errno: string): HashResult {
    this.#streams.delete(id);
    return { kind: 'unreadable', errno };
  }

  #at({ stream: id, hash, offset }: Exclude<HashTask, { kind: 'hash-forget' }>): Stream {
    const known = this.#streams.get(id);
    if (known?.hashedBytes === offset) return known;
    if (known !== undefined || offset !== 0) throw internalFault('the state of a hash was lost');
    if (this.#streams.size >= MAX_STREAMS) throw internalFault('too many hashes at once');
    const stream: Stream = { hash: begin(hash), hashedBytes: 0 };
    this.#streams.set(id, stream);
    return stream;
  }
}

function begin(hash: StreamHash): Hash {
  switch (hash.algorithm) {
    case 'sha256':
      return createHash('sha256');
    case 'git-sha1':
      return createHash('sha1').update(`blob ${String(hash.objectLengthBytes)}\0`);
  }
}
