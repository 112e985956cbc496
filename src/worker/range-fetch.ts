/**
 * Delivers a range of one known representation into a taker, whatever the origin does on the way:
 * retries with full jitter, resumes with Range and If-Range, checks every response. Used by
 * fill-chunk for a whole fill and by open for the rest of a body that broke.
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
 * Attempts in all, progress or not. `maxAttempts` counts attempts in a row that brought nothing, so
 * an origin that breaks after every few bytes still gets through; 64 breaks in one chunk is beyond
 * any flaky line, and is what ends an origin that feeds us a byte at a time.
 */
export const MAX_ATTEMPTS_PER_FETCH = 64;

/**
 * Responses in a row of other representations, each of another: behind a name whose nodes, or
 * answers, have validators of their own. Two may be an origin in the middle of an update.
 */
const MAX_OTHERS = 3;

/** What one task's fetches share. */
export interface FetchSession {
  readonly context: WorkerContext;
  readonly lane: number;
  readonly target: FetchUrl;
  readonly limits: FetchLimits;
  readonly stats: StatsCollector;
  readonly cancel: CancelWatch;
  /** Gets the task's phase, which is only shown. */
  readonly progress: Pick<WatermarkWriter, 'enter'>;
}

/** When a 200 to a range request is read up to the needed bytes instead of being dropped. */
export interface SlicePolicy {
  /** 200s in a row that are refused first, in the hope that ranges come back. */
  readonly patience: number;
  /** The most bytes to read away. */
  readonly maxSkipBytes: number;
}

export interface RangeJob {
  /** Absolute offset of the end of the needed bytes; they begin at the taker's offset. */
  readonly end: number;
  readonly known: KnownRepresentation;
  readonly slice: SlicePolicy;
  /** A failure that the first attempt follows: it is counted and waited after. */
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

/** A response that was answered by refusing its body. */
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
  /** 200s in a row. */
  #wholes = 0;
  /** 200s that were read from their beginning. */
  #slices = 0;
  /** 206s in a row that cannot be trusted. */
  #odd = 0;
  /** Sends no Range any more: the responses to it were invalid twice in a row. */
  #asksWhole = false;
  /** Mark of the other representation that the last response was of. */
  #otherMark: string | null = null;
  /** Responses in a row that were of others, whichever. */
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

  /** One request; `null` to make another. */
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
    // RFC 9110 section 15.3.7: a 206 may hold less than the requested range; the rest is requested
    // next.
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
    const ranged = !this.#asksWhole;
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

  /** Whether to read a 200: at once if all of it is needed, else as the policy says. */
  #maySlice(wanted: { readonly start: number; readonly end: number }): boolean {
    if (wanted.start === 0 && wanted.end === this.#job.known.completeLength) return true;
    const { patience, maxSkipBytes } = this.#job.slice;
    return (
      (this.#wholes > patience || this.#asksWhole) &&
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
        // Each of another: nothing here will be of ours again soon.
        if (this.#others >= MAX_OTHERS) return { kind: 'changed', head };
        this.#otherMark = verdict.mark;
        return this.#retryAfter(originFault('origin-changed', 'another representation'), false);
      }
      case 'whole':
        if (this.#wholes > 1) return { kind: 'no-ranges', head };
        return this.#retryAfter(originFault('origin-range-mismatch', '200 to a range'), false);
      case 'odd-range':
        // One invalid response may be an accident. After a second one the server counts as one
        // without ranges: the whole is requested, here if all of it would be read anyway, else by a
        // stream.
        if (this.#odd > 1 || verdict.isCoded) {
          const { patience } = this.#job.slice;
          if (this.#taker.offset > 0 && patience > 0) return { kind: 'no-ranges', head };
          this.#asksWhole = true;
        }
        return this.#retryAfter(verdict.error, false);
      case 'unusable':
        return this.#retryAfter(verdict.error, false);
    }
  }

  /** Counts a failure and waits before the next attempt; ends the fetch when there is none. */
  async #retryAfter(error: ForebayError, progressed: boolean): Promise<RangeOutcome | null> {
    const { stats, cancel, context, progress } = this.#session;
    stats.broke(error.code);
    if (error.code === 'origin-timeout' && progressed) {
      // One second connection is the remedy against a trickle. When that is no faster, the origin
      // is honestly slow and is served at its rate.
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
    return { kind: 'failed', error: originFault('origin-range-mismatch', 'ever shorter ranges') };
  }
}
