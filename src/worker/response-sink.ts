/**
 * Passes the body of one response to a `ByteTaker`: counts its bytes, skips those before the wanted
 * ones, and rejects bytes beyond the end that the head declared. Used by range-fetch and open, a
 * new sink for each attempt.
 */
import type { BodySink, HeadVerdict, OriginHead } from '../model/fetch.js';
import type { ForebayError } from '../model/errors.js';
import type { Decodable } from '../model/content-coding.js';
import { BodyDecoder } from './body-decoder.js';
import type { CancelWatch } from './cancel-watch.js';
import { asFault, cancelledFault, originFault } from './faults.js';
import type { StatsCollector } from './fetch-stats.js';

/** The receiver of bytes in order: a chunk's writer, or the writer of a whole stream. */
export interface ByteTaker {
  /** Absolute offset of the next byte. */
  readonly offset: number;
  /** Returns memory for the next bytes; it may be empty when the taker has all bytes. */
  space(): Uint8Array;
  /** Takes the first `byteCount` bytes of `space()`. A thrown `ForebayError` ends the fetch. */
  filled(byteCount: number): void | Promise<void>;
}

/** How to read the body of a response, decided by its head. */
export interface BodyPlan {
  /** Bytes of the body before the taker's offset. */
  readonly skip: number;
  /** Absolute offset of the body's end; `null` where no length is declared. */
  readonly bodyEnd: number | null;
  /** Absolute offset of the wanted bytes' end: reading stops there, even within the body. */
  readonly wantedEnd: number | null;
  /** The coding to decode first; offsets are of the plain bytes. Only with a `bodyEnd`. */
  readonly coding?: Decodable;
}

/** Size of the memory for coded bytes: one read of a socket. */
const CODED_BYTES = 64 * 1024;

/** Size of the memory for a read beyond the wanted bytes; small, as its bytes are not used. */
const OVERRUN_BYTES = 4096;

export interface ResponseSinkDeps {
  readonly stats: StatsCollector;
  readonly cancel: CancelWatch;
  /** Judges the head. Returns the body's taker and plan, or `null` to refuse the body. */
  decide(head: OriginHead): BodySource | null | Promise<BodySource | null>;
  /** Receives interim responses. */
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

  /** The error by which the taker or a cancel ended the fetch, not a fault of the response. */
  get failure(): ForebayError | null {
    return this.#failure;
  }

  /**
   * Resolves when every pending promise of this sink has settled. A connection can break while such
   * a promise pauses it; the next attempt must not start while the taker is busy.
   */
  async settled(): Promise<void> {
    await this.#pending.catch(() => undefined);
    this.#decoder?.close();
  }

  /**
   * Ends the body: the decoder, if there is one, passes its remaining bytes to the taker. Rejects
   * as `filled` does.
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

  /** Passes decoded bytes to the taker, in pieces of the size of its memory. */
  async #pour(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length;) {
      const space = this.#room();
      const part = piece.subarray(done, done + space.length);
      space.set(part);
      done += part.length;
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
    const end = taker.offset + count;
    if (plan.bodyEnd !== null && end > plan.bodyEnd)
      throw originFault('origin-protocol', 'the body is longer than its head declared');
    if (skipped > 0) this.#space.copyWithin(0, skipped, byteCount);
    if (plan.wantedEnd === null || end < plan.wantedEnd || plan.wantedEnd === plan.bodyEnd) {
      return taker.filled(count);
    }
    // The taker has all wanted bytes before the body ends: the error ends the fetch early.
    const taken = taker.filled(plan.wantedEnd - taker.offset);
    if (!(taken instanceof Promise)) throw cancelledFault();
    return taken.then(() => {
      throw cancelledFault();
    });
  }

  #fail(error: unknown): never {
    const failure = asFault(error);
    // A fault of this response alone counts as a failure of the transport: a retry may help.
    if (failure.code !== 'origin-protocol') this.#failure = failure;
    throw failure;
  }
}
