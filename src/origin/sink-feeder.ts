/**
 * Hands body bytes to a `BodySink` in order, whatever the sink's promises do: while one is pending,
 * bytes that still arrive wait here. Used by both clients.
 */
import type { BodySink } from '../model/fetch.js';
import { protocolError } from './transport-error.js';

/**
 * Bytes that may arrive after a pause: TLS delivers what it has decrypted, undici what it has
 * parsed. Both stop within one socket read (64 KiB). Beyond this bound the pause does not work, and
 * an origin could fill the memory.
 */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

export interface FeederEvents {
  /** The sink is not ready: stop reading. */
  paused(): void;
  /** The sink is ready and nothing waits here: read on. */
  drained(): void;
  /** The sink threw or rejected, or the backlog overflowed. */
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

  /** True when the sink holds every byte and has settled every promise. */
  get idle(): boolean {
    return !this.#waiting && this.#backlog.length === 0;
  }

  /** The sink's memory for the next read, or `undefined` while bytes must not go there. */
  space(): Uint8Array | undefined {
    if (!this.idle || this.#dead) return undefined;
    return this.#room();
  }

  /** `count` bytes were read straight into the memory that `space` gave out last. */
  landed(count: number): void {
    if (!this.#dead) this.#filled(count);
  }

  /** Bytes that lie elsewhere. They are copied, so the caller may reuse its memory. */
  push(bytes: Uint8Array): void {
    if (this.#dead || bytes.length === 0) return;
    if (this.idle) {
      const taken = this.#copy(bytes);
      if (taken < bytes.length) this.#queue(bytes.subarray(taken));
    } else this.#queue(bytes);
  }

  /** Holds everything back until `promise` settles: how a slow verdict on a head is waited for. */
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

  /** No call reaches the sink any more. */
  stop(): void {
    this.#dead = true;
    this.#backlog = [];
  }

  #queue(bytes: Uint8Array): void {
    if (this.#dead) return;
    this.#backlogBytes += bytes.length;
    if (this.#backlogBytes > MAX_BACKLOG_BYTES) {
      this.#fail(protocolError('the body goes on while the connection is paused'));
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

  /** A method, because narrowing would not see that `#copy` changes both fields. */
  #isBlocked(): boolean {
    return this.#waiting || this.#dead;
  }

  /** Copies until all bytes are taken or the sink returns a promise; returns how many it took. */
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
      if (space.length === 0) throw new RangeError('a BodySink gave out empty space');
      return space;
    });
  }

  #filled(count: number): void {
    const pending = this.#attempt(() => this.#sink.filled(count));
    if (pending !== undefined) this.hold(pending);
  }

  /** Calls the sink; an exception must not reach the socket's callback. */
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
