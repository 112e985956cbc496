/**
 * The hit server: threads that answer simple requests for hits on connections that the main thread
 * accepted. There is one per program. send/sending creates it; http/hits/hit-front grants what it
 * may answer, and takes connections back.
 */
import type { ByteRange } from '../model/byte-range.js';
import type { Clock } from '../model/time.js';
import {
  type HitRecord,
  NOTICE,
  numbersOf,
  readNotices,
  readRecord,
  RECORD_BYTES,
} from './hit-protocol.js';
import { native, type WakeWatcher } from './native.js';
import type { NativeHitServer } from './native-hit-server.js';

/** The rest of an answer that was sent in part. */
export interface PartialHit {
  readonly record: HitRecord;
  /** The unsent rest of the head. */
  readonly head: Buffer;
}

/** The text of a head before and after the request's id. */
export interface HeadText {
  readonly before: string;
  readonly after: string;
}

/**
 * The head of a target's answers, status line included, for a 200 and a 206. The server inserts the
 * fields that depend on the range before `last`.
 */
export interface HitHeads {
  readonly whole: HeadText;
  readonly part: HeadText;
  readonly last: string;
}

/** Receives the server's notices. Its methods must not throw. */
export interface HitListener {
  /** The server does not answer this input: the caller reads the connection again. */
  handedOver(connection: number): void;
  /**
   * A request waits for a new grant of `token` and of its bytes `start <= i < end`. Call `resume`
   * after it.
   */
  asks(connection: number, token: number, start: number, end: number): void;
  /** An answer was sent in part; its rest is in `file`. Call `takePartialHit`. */
  partiallySent(connection: number, file: number): void;
  fileClosed(file: number): void;
  /**
   * A request waits until these bytes of the representation, in `file`, are in the page cache. Call
   * `resume` then.
   */
  cold(connection: number, file: number, bytes: ByteRange): void;
  answered(record: HitRecord): void;
}

/** How often records are taken while they keep arriving, without a wake for each of them. */
const RECORDS_WAIT_MS = 10;

const RECORDS_AT_ONCE = 1024;

export class HitServer {
  readonly #native: NativeHitServer;
  readonly #watcher: WakeWatcher;
  readonly #clock: Clock;
  readonly #records = Buffer.alloc(RECORDS_AT_ONCE * RECORD_BYTES);
  readonly #numbers = numbersOf(this.#records);
  #listener: HitListener | null = null;
  #cancelTaking: (() => void) | null = null;
  #closed = false;

  /**
   * Starts the threads, which send bodies up to `maxBytes`. Throws a system error when they cannot
   * be created, ENOSYS except on Linux.
   */
  constructor(threads: number, maxBytes: number, clock: Clock) {
    this.#clock = clock;
    this.#native = native.createHitServer(threads, maxBytes);
    this.#watcher = native.watchEventfd(this.#native.noticeFd, () => {
      this.#hear();
    });
  }

  /** Sets the listener. Call it before `watch`. */
  listen(listener: HitListener): void {
    this.#listener = listener;
  }

  /**
   * Answers requests on a socket, which the caller must not read until it gets it back. Returns the
   * connection's number. Throws a system error.
   */
  watch(socketFd: number): number {
    return this.#native.watch(socketFd);
  }

  /** Takes a connection back; returns false when it was handed over or is being answered. */
  release(connection: number): boolean {
    return !this.#closed && this.#native.release(connection);
  }

  resume(connection: number): void {
    this.#native.resume(connection);
  }

  takePartialHit(connection: number): PartialHit | null {
    const partial = this.#native.takePartialHit(connection);
    return partial === null
      ? null
      : { record: readRecord(partial.record, numbersOf(partial.record), 0), head: partial.head };
  }

  /** Defines a target that may be answered. */
  define(target: string, token: number, lengthBytes: number): void {
    if (!this.#closed) this.#native.define(target, token, lengthBytes);
  }

  remove(token: number): void {
    if (!this.#closed) this.#native.remove(token);
  }

  grant(token: number, { whole, part, last }: HitHeads, forMs: number): void {
    const { before, after } = whole;
    this.#native.grant(token, before, after, part.before, part.after, last, forMs);
  }

  /**
   * Adds a file with the bytes `begin <= i < end` of the representation; duplicates its descriptor.
   * Throws a system error.
   */
  open(
    token: number,
    file: { readonly number: number; readonly fd: number },
    { begin, end }: { readonly begin: number; readonly end: number },
    forMs: number,
  ): void {
    this.#native.open(token, file.number, file.fd, begin, end, forMs);
  }

  keep(token: number, file: number, forMs: number): void {
    this.#native.keep(token, file, forMs);
  }

  revoke(token: number, file: number): void {
    if (!this.#closed) this.#native.revoke(token, file);
  }

  /**
   * Sets whether only requests are answered whose Host field was admitted after this call. False
   * answers any Host.
   */
  guardHosts(areGuarded: boolean): void {
    if (!this.#closed) this.#native.guardHosts(areGuarded);
  }

  admitHost(field: string): void {
    if (!this.#closed) this.#native.admitHost(field);
  }

  /** Invalidates all grants: requests that arrive after this call need a new one. */
  change(): void {
    if (!this.#closed) this.#native.change();
  }

  /** Delivers all pending notices and records now. */
  settle(): void {
    if (!this.#closed) this.#hear();
  }

  /**
   * Flushes pending records, then stops the threads. Connections closed by this produce no notices.
   */
  close(): void {
    if (this.#closed) return;
    this.#takeRecords();
    this.#closed = true;
    this.#cancelTaking?.();
    this.#watcher.close();
    this.#native.close();
  }

  #takeRecords(): number {
    let total = 0;
    for (;;) {
      const count = this.#native.takeRecords(this.#records);
      for (let index = 0; index < count; index += 1) {
        this.#listener?.answered(readRecord(this.#records, this.#numbers, index));
      }
      total += count;
      if (count < RECORDS_AT_ONCE) return total;
    }
  }

  #hear(): void {
    // Notices are taken before records, so that the records include every answer that those
    // connections got before their notices.
    const numbers = this.#native.take();
    this.#takeForAWhile();
    for (const { kind, connection, token, bytes } of readNotices(numbers)) {
      const listener = this.#listener;
      if (kind === NOTICE.handedOver) listener?.handedOver(connection);
      else if (kind === NOTICE.asks) listener?.asks(connection, token, bytes.start, bytes.end);
      else if (kind === NOTICE.partial) listener?.partiallySent(connection, token);
      else if (kind === NOTICE.fileClosed) listener?.fileClosed(token);
      else listener?.cold(connection, token, bytes);
    }
  }

  /**
   * Takes records now and, while they keep arriving, by a timer, so that the threads need not wake
   * the main thread.
   */
  #takeForAWhile(): void {
    if (this.#takeRecords() === 0 || this.#cancelTaking !== null) return;
    this.#cancelTaking = this.#clock.after(RECORDS_WAIT_MS, () => {
      this.#cancelTaking = null;
      this.#takeForAWhile();
    });
  }
}
