/**
 * Runs `HashTask`s: sequential hashes of whole objects. A task hashes one chunk file, so that other
 * objects get their turn between the chunks of a long one. Used by hash-worker.
 */
import { createHash, type Hash } from 'node:crypto';
import type { HashResult, HashTask, StreamHash } from '../compute/protocol.js';
import { GROUP_SIZE_BYTES } from '../model/chunk.js';
import { errnoOf } from '../model/errno.js';
import { internalFault } from './faults.js';
import { readFully } from './read-fully.js';

/**
 * Most objects hashed at once. A state takes some hundred bytes; the bound limits states for which
 * the main thread failed to send `hash-forget`.
 */
export const MAX_STREAMS = 1024;

interface Stream {
  readonly hash: Hash;
  hashedBytes: number;
}

export class ObjectHasher {
  readonly #streams = new Map<number, Stream>();
  readonly #buffer = new Uint8Array(GROUP_SIZE_BYTES);

  /**
   * Runs one task. Throws `internal` when a stream's state is not at the task's offset, because it
   * was lost, or when there are too many streams.
   */
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
      const count = Math.min(GROUP_SIZE_BYTES, task.lengthBytes - position);
      try {
        if (readFully(task.fd, this.#buffer, count, position) < count) {
          return this.#unreadable(task.stream, 'EOF');
        }
      } catch (error) {
        return this.#unreadable(task.stream, errnoOf(error));
      }
      stream.hash.update(this.#buffer.subarray(0, count));
      position += count;
    }
    stream.hashedBytes += task.lengthBytes;
    return { kind: 'updated' };
  }

  /** Forgets the state, which may contain a part of the unreadable chunk. */
  #unreadable(id: number, errno: string): HashResult {
    this.#streams.delete(id);
    return { kind: 'unreadable', errno };
  }

  #at({ stream: id, hash, offset }: Exclude<HashTask, { kind: 'hash-forget' }>): Stream {
    const known = this.#streams.get(id);
    if (known?.hashedBytes === offset) return known;
    if (known !== undefined || offset !== 0) throw internalFault('the state of a hash was lost');
    if (this.#streams.size >= MAX_STREAMS) throw internalFault('too many objects hashed at once');
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
