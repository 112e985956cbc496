/**
 * The hit server: threads that answer plain requests for hits without the main thread, on
 * connections that the main thread accepted. One per program; http/hits/hit-front grants answers
 * and takes connections back, send/sending makes it.
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

/** The unsent part of an answer that the socket took in part. */
export interface PartialHit {
  readonly record: HitRecord;
  /** The unsent bytes of the head. */
  readonly head: Buffer;
}

/** Text around a request's id. */
export interface HeadText {
  readonly before: string;
  readonly after: string;
}

/**
 * The head of a target's answers, status line included; what depends on the range comes before
 * `last`.
 */
export interface HitHeads {
  readonly whole: HeadText;
  readonly part: HeadText;
  readonly last: string;
}

/** Hears of everything; nothing of it may throw. */
export interface HitListener {
  /** The connection is the caller's again: its next request is not eligible. */
  handedOver(connection: number): void;
  /**
   * A request waits until `token`, and the bytes `start <= i < end` of it, are granted: call
   * `resume` then.
   */
  asks(connection: number, token: number, start: number, end: number): void;
  /** The socket took a part of an answer, whose rest is in `file`: call `takePartialHit`. */
  partiallySent(connection: number, file: number): void;
  fileClosed(file: number): void;
  /**
   * A request waits until these bytes of the representation, in `file`, are in memory: `resume` it
   * then.
   */
  cold(connection: number, file: number, bytes: ByteRange): void;
  answered(record: HitRecord): void;
}

/**
 * How long records may wait while they keep coming: one wake of the main thread for all of that
 * time.
 */
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
   * Answers bodies up to `maxBytes`. Throws a system error where threads cannot be had, ENOSYS off
   * Linux.
   */
  constructor(threads: number, maxBytes: number, clock: Clock) {
    this.#clock = clock;
    this.#native = native.createHitServer(threads, maxBytes);
    this.#watcher = native.watchEventfd(this.#native.noticeFd, () => {
      this.#hear();
    });
  }

  /** Before anything is watched. */
  listen(listener: HitListener): void {
    this.#listener = listener;
  }

  /** Answers requests on a socket that Node does not read meanwhile. Throws a system error. */
  watch(socketFd: number): number {
    return this.#native.watch(socketFd);
  }

  /** Takes a connection back; false if it was handed over before, or is being answered. */
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

  /** Adds a target that may be requested. */
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

  /** Takes a duplicate of `fd`, which has the bytes `begin <= i < end`. Throws a system error. */
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

  /** True: requests are answered whose Host field was admitted after this call; else all are. */
  guardHosts(areGuarded: boolean): void {
    if (!this.#closed) this.#native.guardHosts(areGuarded);
  }

  admitHost(field: string): void {
    if (!this.#closed) this.#native.admitHost(field);
  }

  /**
   * Nothing that was granted counts any more: what happens after this call is answered as things
   * are now.
   */
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
    // First, so that the records which come with them hold all that those connections had been
    // answered.
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

  /** Takes records now and, while they keep coming, periodically: the threads wake no one then. */
  #takeForAWhile(): void {
    if (this.#takeRecords() === 0 || this.#cancelTaking !== null) return;
    this.#cancelTaking = this.#clock.after(RECORDS_WAIT_MS, () => {
      this.#cancelTaking = null;
      this.#takeForAWhile();
    });
  }
}

/**
 * One of the records in `bytes`, whose numbers are `numbers`: by index, as destructuring would
 * iterate.
 */
