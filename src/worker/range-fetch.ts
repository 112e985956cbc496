/**
 * Fetches a range of one known representation into a `ByteTaker`: retries with full jitter, resumes
 * with Range and If-Range, and checks every response. Used by chunk-fetch for a chunk and by
 * open-body for the rest of a stream that broke.
 */
import type { WatermarkWriter } from '../compute/watermark.js';
import type { ForebayError } from '../model/errors.js';
import type { FetchLimits, FetchUrl, OriginHead } from '../model/fetch.js';
import { strongFieldValue } from '../model/validator.js';
import { isWorthRetrying, retryDelayMs } from '../origin/retry.js';
import type { CancelWatch } from './cancel-watch.js';
import type { WorkerContext } from './context.js';
import { asFault, cancelledFault, originFault } from './faults.js';
import type { StatsCollector } from './fetch-stats.js';
import {
  judgeRangeResponse,
  type KnownRepresentation,
  type RangeVerdict,
} from './range-verdict.js';
import { type BodySource, type ByteTaker, ResponseSink } from './response-sink.js';

/**
 * Most attempts of one fetch, with progress or without. `maxAttempts` bounds attempts in a row
 * without progress, so that a fetch from an origin that breaks after every few bytes still
 * succeeds. No poor connection breaks 64 times in one chunk, but an origin that sends a byte at a
 * time would.
 */
export const MAX_ATTEMPTS_PER_FETCH = 64;

/**
 * Most responses in a row of different other representations. Such responses come from an origin
 * whose nodes or responses have validators of their own. Two may come from an origin during an
 * update.
 */
const MAX_OTHERS = 3;

/** The objects that all fetches of one task share. */
export interface FetchSession {
  readonly context: WorkerContext;
  readonly lane: number;
  readonly target: FetchUrl;
  readonly limits: FetchLimits;
  readonly stats: StatsCollector;
  readonly cancel: CancelWatch;
  /** Receives the task's phase, which is only displayed. */
  readonly progress: Pick<WatermarkWriter, 'enter'>;
}

/** When a 200 to a range request is read, discarding the bytes before the wanted ones. */
export interface SlicePolicy {
  /** Number of 200s in a row to refuse first, because the next response may be a 206. */
  readonly patience: number;
  /** The most bytes to read and discard. */
  readonly maxSkipBytes: number;
}

export interface RangeJob {
  /** Absolute offset of the range's end; the range starts at the taker's offset. */
  readonly end: number;
  readonly known: KnownRepresentation;
  readonly slice: SlicePolicy;
  /** An earlier failure: it counts, and the first attempt waits as after any failure. */
  readonly brokenBy: ForebayError | null;
}

export type RangeOutcome =
  | { readonly kind: 'delivered' }
  /** 3xx, 401 or 403. */
  | { readonly kind: 'resolve-again'; readonly head: OriginHead }
  /** Two responses in a row were of the same other representation. */
  | { readonly kind: 'changed'; readonly head: OriginHead }
  /** Two responses in a row were the whole representation, or a 206 that cannot be trusted. */
  | { readonly kind: 'no-ranges'; readonly head: OriginHead }
  | { readonly kind: 'failed'; readonly error: ForebayError };

/** Fetches from the taker's offset to `job.end`. Never rejects. */
export function fetchRange(
  job: RangeJob,
  taker: ByteTaker,
  session: FetchSession,
): Promise<RangeOutcome> {
  return new RangeFetch(job, taker, session).run();
}

/** A response whose body was refused. */
interface Refusal {
  readonly verdict: Exclude<RangeVerdict, { kind: 'partial' }>;
  readonly head: OriginHead;
}

class RangeFetch {
  readonly #job: RangeJob;
  readonly #taker: ByteTaker;
  readonly #session: FetchSession;
  #limits: FetchLimits;
  #attempts = 0;
  /** Failures since the last progress. */
  #failures = 0;
  /** Number of 200s in a row. */
  #wholes = 0;
  /** Number of 200s that were read from their beginning. */
  #slices = 0;
  /** Number of untrusted 206s in a row. */
  #odd = 0;
  /** True after untrusted 206s: further requests have no Range field. */
  #requestsWhole = false;
  /** The mark of the last response, if it was of another representation. */
  #otherMark: string | null = null;
  /** Number of responses in a row of any other representations. */
  #others = 0;

  constructor(job: RangeJob, taker: ByteTaker, session: FetchSession) {
    this.#job = job;
    this.#taker = taker;
    this.#session = session;
    this.#limits = session.limits;
  }

  async run(): Promise<RangeOutcome> {
    const { brokenBy } = this.#job;
    let end = brokenBy === null ? null : await this.#retryAfter(brokenBy, true);
    while (end === null) end = await this.#attempt();
    return end;
  }

  /** Sends one request. Resolves with the outcome, or with `null` for another attempt. */
  async #attempt(): Promise<RangeOutcome | null> {
    const { context, stats, cancel, progress } = this.#session;
    if (this.#isDelivered()) return { kind: 'delivered' };
    if (cancel.isCancelled()) return { kind: 'failed', error: cancelledFault() };
    const before = this.#taker.offset;
    let refusal: Refusal | undefined;
    const sink = new ResponseSink({
      stats,
      cancel,
      decide: (head) => {
        const decided = this.#decide(head);
        if ('taker' in decided) return decided;
        refusal = decided;
        return null;
      },
    });
    this.#attempts++;
    progress.enter('connecting');
    let broke: unknown;
    try {
      await context.client.fetch(this.#request(), sink);
      await sink.ended();
    } catch (error) {
      broke = error;
    }
    await sink.settled();
    const progressed = this.#taker.offset > before;
    if (progressed) this.#failures = 0;
    if (sink.failure !== null && sink.failure.code !== 'cancelled') {
      return { kind: 'failed', error: sink.failure };
    }
    if (this.#isDelivered()) return { kind: 'delivered' };
    if (cancel.isCancelled() || sink.failure !== null) {
      return { kind: 'failed', error: sink.failure ?? cancelledFault() };
    }
    if (refusal !== undefined) return this.#refused(refusal);
    if (broke !== undefined) return this.#retryAfter(asFault(broke), progressed);
    // RFC 9110 section 15.3.7: a 206 may be shorter than requested; the rest is requested next.
    return progressed
      ? this.#another()
      : this.#retryAfter(
          originFault('origin-reset', 'the body ended before its first byte'),
          false,
        );
  }

  #isDelivered(): boolean {
    return this.#taker.offset >= this.#job.end;
  }

  #request() {
    const { target, lane, cancel } = this.#session;
    const ifRange = strongFieldValue(this.#job.known.validator);
    const ranged = !this.#requestsWhole;
    return {
      target,
      lane,
      range: ranged ? { start: this.#taker.offset, end: this.#job.end } : null,
      conditions: ranged && ifRange !== undefined ? { 'if-range': ifRange } : {},
      limits: this.#limits,
      signal: cancel.signal,
    };
  }

  #decide(head: OriginHead): BodySource | Refusal {
    const wanted = { start: this.#taker.offset, end: this.#job.end };
    const nowMs = this.#session.context.clock.now();
    this.#session.progress.enter('receiving');
    const verdict = judgeRangeResponse(head, wanted, this.#job.known, nowMs);
    if (verdict.kind !== 'other') this.#otherMark = null;
    this.#others = verdict.kind === 'other' ? this.#others + 1 : 0;
    this.#odd = verdict.kind === 'odd-range' ? this.#odd + 1 : 0;
    if (verdict.kind !== 'whole') this.#wholes = 0;
    const taker = this.#taker;
    switch (verdict.kind) {
      case 'partial':
        return { taker, plan: { skip: 0, bodyEnd: verdict.end, wantedEnd: verdict.end } };
      case 'whole': {
        this.#wholes++;
        if (!this.#maySlice(wanted)) return { verdict, head };
        this.#slices++;
        const { completeLength } = this.#job.known;
        const { coding } = verdict;
        const plan = {
          skip: wanted.start,
          bodyEnd: completeLength,
          wantedEnd: wanted.end,
          ...(coding !== undefined && { coding }),
        };
        return { taker, plan };
      }
      case 'other':
      case 'odd-range':
      case 'resolve-again':
      case 'unusable':
        return { verdict, head };
    }
  }

  /** True when a 200 is read: always where all of it is wanted, else by the slice policy. */
  #maySlice(wanted: { readonly start: number; readonly end: number }): boolean {
    if (wanted.start === 0 && wanted.end === this.#job.known.completeLength) return true;
    const { patience, maxSkipBytes } = this.#job.slice;
    return (
      (this.#wholes > patience || this.#requestsWhole) &&
      wanted.start <= maxSkipBytes &&
      this.#slices < this.#limits.maxAttempts
    );
  }

  async #refused({ verdict, head }: Refusal): Promise<RangeOutcome | null> {
    switch (verdict.kind) {
      case 'resolve-again':
        return { kind: 'resolve-again', head };
      case 'other': {
        if (verdict.mark === this.#otherMark) return { kind: 'changed', head };
        // Every response is of a different one: the known representation will hardly come back.
        if (this.#others >= MAX_OTHERS) return { kind: 'changed', head };
        this.#otherMark = verdict.mark;
        return this.#retryAfter(
          originFault('origin-changed', 'the response is of another representation'),
          false,
        );
      }
      case 'whole':
        if (this.#wholes > 1) return { kind: 'no-ranges', head };
        return this.#retryAfter(
          originFault('origin-range-mismatch', 'the origin answered 200 to a range request'),
          false,
        );
      case 'odd-range':
        // The first odd 206 may be a single error. After the second, or a coded one, the server has
        // no usable ranges and the whole must be requested: by this fetch if it starts at byte 0 or
        // may read a whole (`patience` 0), else by the main thread, which can use all of it.
        if (this.#odd > 1 || verdict.isCoded) {
          const { patience } = this.#job.slice;
          if (this.#taker.offset > 0 && patience > 0) return { kind: 'no-ranges', head };
          this.#requestsWhole = true;
        }
        return this.#retryAfter(verdict.error, false);
      case 'unusable':
        return this.#retryAfter(verdict.error, false);
    }
  }

  /** Counts a failure and waits. Resolves with `failed` when no attempt is left. */
  async #retryAfter(error: ForebayError, progressed: boolean): Promise<RangeOutcome | null> {
    const { stats, cancel, context, progress } = this.#session;
    stats.broke(error.code);
    if (error.code === 'origin-timeout' && progressed) {
      // A trickle is remedied by one new connection. If that is no faster, the origin really is
      // slow, and its rate is accepted.
      this.#limits = { ...this.#limits, minRateBytesPerSecond: 0 };
    }
    this.#failures++;
    if (!isWorthRetrying(error, this.#limits) || this.#failures >= this.#limits.maxAttempts) {
      return { kind: 'failed', error };
    }
    if (this.#attempts >= MAX_ATTEMPTS_PER_FETCH) return { kind: 'failed', error };
    stats.retried(error.code);
    progress.enter('throttled');
    const backoff = this.#failures - 1;
    await cancel.pause(retryDelayMs(backoff, this.#limits, context.random, error.retryAfterMs));
    return null;
  }

  #another(): RangeOutcome | null {
    if (this.#attempts < MAX_ATTEMPTS_PER_FETCH) return null;
    const error = originFault('origin-range-mismatch', 'the origin sent too many too short ranges');
    return { kind: 'failed', error };
  }
}
