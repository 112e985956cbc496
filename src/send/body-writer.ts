/**
 * Writes pieces of one response body with at most two in the socket's hands: the next is read while
 * the last is written, and a slow client holds no more than that. `BufferSender` makes one a send.
 */
import type { ServerResponse } from 'node:http';
import type { ResponseHead } from '../model/segment.js';
import type { BufferPool } from './buffer-pool.js';
import { writeHead } from './write-head.js';

/** Double buffering: a third buffer gains nothing, as one end or the other is always the slower. */
export const MAX_PENDING_WRITES = 2;

interface QueuedPiece {
  readonly lengthBytes: number;
  /** The pool's buffer of the piece; `null` for bytes that belong to others. */
  readonly buffer: Buffer | null;
}

export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #pool: BufferPool;
  readonly #onFailure: () => void;
  #head: ResponseHead | null;
  #bytesSent = 0;
  /** Oldest first, as the socket acknowledges them. */
  readonly #pending = new Set<QueuedPiece>();
  #wake: (() => void) | null = null;

  /** `onFailure` is called when the socket refuses a write: the client is gone. */
  constructor(
    response: ServerResponse,
    head: ResponseHead | null,
    pool: BufferPool,
    onFailure: () => void,
  ) {
    this.#response = response;
    this.#head = head;
    this.#pool = pool;
    this.#onFailure = onFailure;
  }

  /** Bytes that the kernel took. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Pieces that the kernel has not taken yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Resolves when the socket acknowledges a piece. Only while one is pending, one wait at a time.
   */
  acknowledged(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The head goes out once: with the first byte, or by this call when there is none. */
  flushHead(): void {
    if (this.#head === null) return;
    writeHead(this.#response, this.#head);
    this.#head = null;
  }

  /** `buffer`, the pool's, is given back when `bytes`, which lie in it, are in the kernel. */
  write(bytes: Uint8Array, buffer: Buffer | null): void {
    this.flushHead();
    const piece = { lengthBytes: bytes.length, buffer };
    this.#pending.add(piece);
    this.#response.write(bytes, (error) => {
      this.#written(piece, error === null || error === undefined);
    });
  }

  /** Releases what the socket has not acknowledged. */
  close(): void {
    for (const piece of this.#pending) if (piece.buffer !== null) this.#pool.lose();
    this.#pending.clear();
  }

  #written(piece: QueuedPiece, taken: boolean): void {
    // After `close` a late acknowledgement changes nothing.
    if (!this.#pending.delete(piece)) return;
    if (taken) {
      this.#bytesSent += piece.lengthBytes;
      if (piece.buffer !== null) this.#pool.give(piece.buffer);
    } else {
      if (piece.buffer !== null) this.#pool.lose();
      this.#onFailure();
    }
    this.#wake?.();
  }
}
