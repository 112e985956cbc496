/**
 * Passes the body of one response to a `ByteTaker`: counts it, skips the bytes before the needed
 * ones, and rejects more than the head promised. Used by range-fetch and open, a new one per
 * attempt.
 */
import type { BodySink, HeadVerdict, OriginHead } from '../model/fetch.js';
import type { ForebayError } from '../model/errors.js';
import type { Decodable } from '../model/content-coding.js';
import { BodyDecoder } from './body-decoder.js';
import type { CancelWatch } from './cancel-watch.js';
import { asFault, cancelledFault, originFault } from './faults.js';
import type { StatsCollector } from './fetch-stats.js';

/** Where bytes go, in order: a chunk's writer, or the writer of a whole stream. */
export interface ByteTaker {
  /** Absolute offset of the next byte. */
  readonly offset: number;
  /** Memory for the next bytes; may be empty when it has all. */
  space(): Uint8Array;
  /**
   * Takes the first `byteCount` bytes of `space()`. Throws a `ForebayError` that ends the fetch.
   */
  filled(byteCount: number): void | Promise<void>;
}

/** What to do with the body of a response, decided on its head. */
export interface BodyPlan {
  /** Bytes of the body before the taker's offset. */
  readonly skip: number;
  /** Absolute offset where the body ends; `null` where only its framing knows. */
  readonly bodyEnd: number | null;
  /** Absolute offset of the end of the needed bytes: reading stops there, early if necessary. */
  readonly wantedEnd: number | null;
  /** The coding to decode first: all offsets are of the decoded body. Only with a `bodyEnd`. */
  readonly coding?: Decodable;
}

/** Coded bytes are read into memory of their own, as much as a socket gives at once. */
const CODED_BYTES = 64 * 1024;

/** Room for the read that shows that a body is too long; small, as nothing of it is used. */
const OVERRUN_BYTES = 4096;

export interface ResponseSinkDeps {
  readonly stats: StatsCollector;
  readonly cancel: CancelWatch;
  /** Judges the head: where the body goes, or `null` to refuse it. */
  decide(head: OriginHead): BodySource | null | Promise<BodySource | null>;
  /** Hears of interim responses. */
  interim?(head: OriginHead): void;
}

export interface BodySource {
  readonly taker: ByteTaker;
  readonly plan: BodyPlan;
}

export class ResponseSink implements BodySink {
  readonly #parts: ResponseSinkDeps;
  #source: BodySource | null = null;
  #skip = 0;
  #space: Uint8Array = new Uint8Array(0);
  #pending: Promise<unknown> = Promise.resolve();
  #failure: ForebayError | null = null;
  #decoder: BodyDecoder | undefined;
  #coded: Uint8Array | undefined;

  constructor(parts: ResponseSinkDeps) {
    this.#parts = parts;
  }

  /** Why the taker ended the fetch, if it did: no fault of the response's. */
  get failure(): ForebayError | null {
    return this.#failure;
  }

  /**
   * Resolves when nothing that the client began in here goes on. A connection can break while a
   * promise of ours holds it paused; the next attempt must not find the taker busy.
   */
  async settled(): Promise<void> {
    await this.#pending.catch(() => undefined);
    this.#decoder?.close();
  }

  /**
   * The body came to its end: what a decoder still has goes to the taker. Rejects as `filled` does.
   */
  async ended(): Promise<void> {
    await this.#decoder?.end().catch((error: unknown) => this.#fail(error));
  }

  interim(head: OriginHead): void {
    this.#parts.interim?.(head);
  }

  head(head: OriginHead): HeadVerdict | Promise<HeadVerdict> {
    this.#parts.stats.answered(head.status);
    const decided = this.#parts.decide(head);
    if (!(decided instanceof Promise)) return this.#begin(decided);
    const verdict = decided.then((source) => this.#begin(source));
    this.#pending = verdict;
    return verdict;
  }

  space(): Uint8Array {
    if (this.#decoder !== undefined) return (this.#coded ??= new Uint8Array(CODED_BYTES));
    return this.#room();
  }

  #room(): Uint8Array {
    const space = this.#source?.taker.space();
    this.#space = space === undefined || space.length === 0 ? new Uint8Array(OVERRUN_BYTES) : space;
    return this.#space;
  }

  filled(byteCount: number): void | Promise<void> {
    this.#parts.stats.received(byteCount);
    try {
      this.#parts.cancel.check();
      const coded = this.#coded?.subarray(0, byteCount);
      const taken = coded === undefined ? this.#take(byteCount) : this.#decoder?.push(coded);
      if (!(taken instanceof Promise)) return;
      const pending = taken.catch((error: unknown) => this.#fail(error));
      this.#pending = pending;
      return pending;
    } catch (error) {
      this.#fail(error);
    }
  }

  #begin(source: BodySource | null): HeadVerdict {
    if (source === null) return 'refuse';
    this.#source = source;
    const { skip, coding, bodyEnd } = source.plan;
    this.#skip = skip;
    if (coding !== undefined && bodyEnd !== null) {
      this.#decoder = new BodyDecoder(coding, bodyEnd, (piece) => this.#pour(piece));
    }
    return 'read';
  }

  /** Hands decoded bytes to the taker, as much at a time as it has memory for. */
  async #pour(piece: Uint8Array): Promise<void> {
    for (let at = 0; at < piece.length;) {
      const space = this.#room();
      const part = piece.subarray(at, at + space.length);
      space.set(part);
      at += part.length;
      await this.#take(part.length);
    }
  }

  #take(byteCount: number): void | Promise<void> {
    if (this.#source === null) return;
    const { taker, plan } = this.#source;
    const skipped = Math.min(this.#skip, byteCount);
    this.#skip -= skipped;
    const count = byteCount - skipped;
    if (count === 0) return;
    const past = taker.offset + count;
    if (plan.bodyEnd !== null && past > plan.bodyEnd)
      throw originFault('origin-protocol', 'the body is longer than its head said');
    if (skipped > 0) this.#space.copyWithin(0, skipped, byteCount);
    if (plan.wantedEnd === null || past < plan.wantedEnd || plan.wantedEnd === plan.bodyEnd) {
      return taker.filled(count);
    }
    // The taker has all it needs before the body ends: the fetch is aborted.
    const taken = taker.filled(plan.wantedEnd - taker.offset);
    if (!(taken instanceof Promise)) throw cancelledFault();
    return taken.then(() => {
      throw cancelledFault();
    });
  }

  #fail(error: unknown): never {
    const failure = asFault(error);
    // What only this response did wrong is a failure of the transport like any other.
    if (failure.code !== 'origin-protocol') this.#failure = failure;
    throw failure;
  }
}
