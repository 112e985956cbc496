/**
 * Passes body bytes to a `BodySink` in order. While a promise of the sink is pending, bytes that
 * still arrive wait here. Used by the exchanges of both clients.
 */
import type { BodySink } from '../model/fetch.js';
import { protocolError } from './transport-error.js';

/**
 * Most bytes that may wait after a pause was requested: TLS still delivers bytes that it has
 * decrypted, undici bytes that it has parsed. Both stop within one socket read (64 KiB). Beyond
 * this bound the pause does not work, and the origin could fill the memory.
 */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

export interface FeederEvents {
  /** Called when the sink is not ready: the exchange must stop reading. */
  paused(): void;
  /** Called when the sink is ready and no bytes wait here: the exchange may read on. */
  drained(): void;
  /** Called when the sink threw or rejected, or when the backlog overflowed. */
  failed(error: unknown): void;
}

export class SinkFeeder {
  readonly #sink: BodySink;
  readonly #events: FeederEvents;
  #waiting = false;
  #dead = false;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;

  constructor(sink: BodySink, events: FeederEvents) {
    this.#sink = sink;
    this.#events = events;
  }

  /** True when the sink has got every byte and has settled every promise. */
  get idle(): boolean {
    return !this.#waiting && this.#backlog.length === 0;
  }

  /** Returns the sink's memory for the next read; `undefined` while the sink is not ready. */
  space(): Uint8Array | undefined {
    if (!this.idle || this.#dead) return undefined;
    return this.#room();
  }

  /** Reports that a read placed `count` bytes in the memory that `space` returned last. */
  landed(count: number): void {
    if (!this.#dead) this.#filled(count);
  }

  /** Passes bytes in other memory on. They are copied, so the caller may reuse its memory. */
  push(bytes: Uint8Array): void {
    if (this.#dead || bytes.length === 0) return;
    if (this.idle) {
      const taken = this.#copy(bytes);
      if (taken < bytes.length) this.#queue(bytes.subarray(taken));
    } else this.#queue(bytes);
  }

  /** Holds all bytes back until `promise` settles, such as the sink's verdict on a head. */
  hold(promise: Promise<void>): void {
    this.#waiting = true;
    this.#events.paused();
    promise.then(
      () => {
        this.#waiting = false;
        if (!this.#dead) this.#drain();
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  /** Stops: the sink gets no further calls. */
  stop(): void {
    this.#dead = true;
    this.#backlog = [];
  }

  #queue(bytes: Uint8Array): void {
    if (this.#dead) return;
    this.#backlogBytes += bytes.length;
    if (this.#backlogBytes > MAX_BACKLOG_BYTES) {
      this.#fail(protocolError('the body did not stop although the connection is paused'));
      return;
    }
    this.#backlog.push(Uint8Array.from(bytes));
  }

  #drain(): void {
    for (let next = this.#backlog.shift(); next !== undefined; next = this.#backlog.shift()) {
      this.#backlogBytes -= next.length;
      const taken = this.#copy(next);
      if (taken < next.length) {
        this.#backlog.unshift(next.subarray(taken));
        this.#backlogBytes += next.length - taken;
        return;
      }
      if (this.#isBlocked()) return;
    }
    this.#events.drained();
  }

  /** A method, because TypeScript's narrowing misses that `#copy` changes both fields. */
  #isBlocked(): boolean {
    return this.#waiting || this.#dead;
  }

  /** Copies bytes to the sink until it is blocked; returns how many were copied. */
  #copy(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length) {
      const space = this.#room();
      if (space === undefined) break;
      const piece = bytes.subarray(taken, taken + space.length);
      space.set(piece);
      taken += piece.length;
      this.#filled(piece.length);
      if (this.#isBlocked()) break;
    }
    return taken;
  }

  #room(): Uint8Array | undefined {
    return this.#attempt(() => {
      const space = this.#sink.space();
      if (space.length === 0) throw new RangeError('a BodySink returned empty space');
      return space;
    });
  }

  #filled(count: number): void {
    const pending = this.#attempt(() => this.#sink.filled(count));
    if (pending !== undefined) this.hold(pending);
  }

  /** Runs the sink's code. An error that it throws must not reach the socket's callback. */
  #attempt<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    if (this.#dead) return;
    this.stop();
    this.#events.failed(error);
  }
}
