/**
 * The hit server: threads that answer plain requests for hits without the main thread, on connections
 * that this one has accepted. One per program; http/hits/hit-front says what may be answered and takes the
 * connections back, send/sending makes it.
 */
import type { ByteRange } from '../model/byte-range.js';
import type { Clock } from '../model/time.js';
import { native, type WakeWatcher } from './native.js';
import type { NativeHitServer } from './native-hit-server.js';

/** An answer that was sent, or begun. */
export interface HitRecord {
  readonly connection: number;
  /** The target, by the number that it was defined with. */
  readonly token: number;
  readonly isHead: boolean;
  /** Answered with all of the representation: 200. */
  readonly isWhole: boolean;
  /** As it was asked for, both inclusive; `last` is `null` where it was left open. */
  readonly range: { readonly first: number; readonly last: number | null } | null;
  readonly bodyBytes: number;
  readonly bodyBytesSent: number;
  /** From the request's arrival to its last byte. */
  readonly waitMs: number;
  readonly requestId: string;
}

/** What is left of an answer that a connection took a part of. */
export interface BegunHit {
  readonly record: HitRecord;
  /** What it did not take of the head. */
  readonly head: Buffer;
}

/** Text around a request's id. */
export interface HeadText {
  readonly before: string;
  readonly after: string;
}

/** The head of a target's answers, status line included; what depends on the range comes before `last`. */
export interface HitHeads {
  readonly whole: HeadText;
  readonly part: HeadText;
  readonly last: string;
}

/** Hears of everything; nothing of it may throw. */
export interface HitListener {
  /** The connection has something else to say: it is the caller's again. */
  handedOver(connection: number): void;
  /** A request waits until `token`, and the bytes `start <= i < end` of it, are granted anew: `resume` it then. */
  asks(connection: number, token: number, start: number, end: number): void;
  /** The connection took a part of an answer, of which the rest is in `file`: `takeBegun`. */
  begun(connection: number, file: number): void;
  fileClosed(file: number): void;
  /** A request waits until these bytes of the representation, in `file`, are in memory: `resume` it then. */
  cold(connection: number, file: number, bytes: ByteRange): void;
  answered(record: HitRecord): void;
}

/**
 * Two: enough for what two cores' worth of small requests costs, beside the main thread and the pump. They
 * wait for nobody but the kernel.
 */
export const HIT_THREADS = 2;

/** How long records may wait while they keep coming: one wake of the main thread for all of that time. */
const RECORDS_WAIT_MS = 10;

const NOTICE_NUMBERS = 5;
const RECORD_BYTES = 128;
const RECORD_NUMBERS = RECORD_BYTES / Float64Array.BYTES_PER_ELEMENT;
const RECORDS_AT_ONCE = 1024;

/** Where a record's text begins, after its numbers (native/core/hit_server.h). */
const ID_OFFSET = 64;

const HEAD_FLAG = 1;
const WHOLE_FLAG = 2;
const RANGE_FLAG = 4;
const OPEN_RANGE_FLAG = 8;
const ID_LENGTH_UNIT = 256;

export class HitServer {
  readonly #native: NativeHitServer;
  readonly #watcher: WakeWatcher;
  readonly #clock: Clock;
  readonly #records = Buffer.alloc(RECORDS_AT_ONCE * RECORD_BYTES);
  readonly #numbers = numbersOf(this.#records);
  #listener: HitListener | null = null;
  #cancelTaking: (() => void) | null = null;
  #closed = false;

  /** Answers bodies up to `maxBytes`. Throws a system error where threads cannot be had, ENOSYS off Linux. */
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

  /** Answers what comes on a socket that nobody reads meanwhile. Throws a system error. */
  watch(socketFd: number): number {
    return this.#native.watch(socketFd);
  }

  /** Takes a connection back; false where it was handed over before, or is being answered. */
  release(connection: number): boolean {
    return !this.#closed && this.#native.release(connection);
  }

  resume(connection: number): void {
    this.#native.resume(connection);
  }

  takeBegun(connection: number): BegunHit | null {
    const begun = this.#native.takeBegun(connection);
    return begun === null
      ? null
      : { record: readRecord(begun.record, numbersOf(begun.record), 0), head: begun.head };
  }

  /** A target that may be asked for. */
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

  /** Nothing that was granted counts any more: what happens after this call is answered as things are now. */
  change(): void {
    if (!this.#closed) this.#native.change();
  }

  /** Tells now of all that there is to tell. */
  settle(): void {
    if (!this.#closed) this.#hear();
  }

  /** Tells of what was answered before this call, and ends the threads. Nobody is told of what is closed with them. */
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
    // First, so that the records which come with them hold all that those connections had been answered.
    const numbers = this.#native.take();
    this.#takeForAWhile();
    for (let at = 0; at < numbers.length; at += NOTICE_NUMBERS) {
      const [kind, connection = 0, token = 0, start = 0, end = 0] = numbers.subarray(
        at,
        at + NOTICE_NUMBERS,
      );
      if (kind === 1) this.#listener?.handedOver(connection);
      else if (kind === 2) this.#listener?.asks(connection, token, start, end);
      else if (kind === 3) this.#listener?.begun(connection, token);
      else if (kind === 4) this.#listener?.fileClosed(token);
      else this.#listener?.cold(connection, token, { start, end });
    }
  }

  /** Takes records now and, while they keep coming, by the clock: the threads need not wake anybody then. */
  #takeForAWhile(): void {
    if (this.#takeRecords() === 0 || this.#cancelTaking !== null) return;
    this.#cancelTaking = this.#clock.after(RECORDS_WAIT_MS, () => {
      this.#cancelTaking = null;
      this.#takeForAWhile();
    });
  }
}

/** One of the records in `bytes`, whose numbers are `numbers`: by index, as destructuring would iterate. */
function readRecord(bytes: Buffer, numbers: Float64Array, index: number): HitRecord {
  const at = index * RECORD_NUMBERS;
  const flags = numbers[at + 2] ?? 0;
  const isOpen = (flags & OPEN_RANGE_FLAG) !== 0;
  const range = { first: numbers[at + 3] ?? 0, last: isOpen ? null : (numbers[at + 4] ?? 0) };
  const id = index * RECORD_BYTES + ID_OFFSET;
  return {
    connection: numbers[at] ?? 0,
    token: numbers[at + 1] ?? 0,
    isHead: (flags & HEAD_FLAG) !== 0,
    isWhole: (flags & WHOLE_FLAG) !== 0,
    range: (flags & RANGE_FLAG) === 0 ? null : range,
    bodyBytes: numbers[at + 5] ?? 0,
    bodyBytesSent: numbers[at + 6] ?? 0,
    waitMs: numbers[at + 7] ?? 0,
    requestId: bytes.toString('latin1', id, id + Math.floor(flags / ID_LENGTH_UNIT)),
  };
}

function numbersOf({ buffer, byteOffset, length }: Buffer): Float64Array {
  return new Float64Array(buffer, byteOffset, length / Float64Array.BYTES_PER_ELEMENT);
}
