/**
 * A circuit breaker: after several failed fetches in a row it refuses further fetches from the
 * origin for a while, then permits one probe. Each `Upstream` owns one, on the main thread.
 */
import { ForebayError } from '../model/errors.js';
import type { Clock } from '../model/time.js';

/**
 * Failures in a row that open the breaker. One fetch is already several attempts, so five failures
 * are some twenty failed requests: more than a restart or a lost packet explains.
 */
export const BREAKER_FAILURE_THRESHOLD = 5;

/**
 * How long a reachable origin must fail, without a success in between, before the breaker opens.
 * Failures within one moment may have one cause that is no outage, such as a few URLs whose
 * responses the application always breaks off.
 */
export const BREAKER_FAILURE_SPAN_MS = 3_000;

/** The first wait before a probe. Short, because an origin that restarts is back within seconds. */
export const BREAKER_OPEN_MS = 5_000;

/** The longest wait. It doubles with each failed probe; recovery is noticed within a minute. */
export const BREAKER_MAX_OPEN_MS = 60_000;

export type BreakerState =
  /** `sinceMs`: when the first of the failures in a row ended, on the monotonic clock. */
  | { readonly kind: 'closed'; readonly failures: number; readonly sinceMs: number }
  /** `untilMs` is on the monotonic clock. */
  | { readonly kind: 'open'; readonly untilMs: number; readonly waitMs: number }
  /** One probe is running; every other fetch is refused until it ends. */
  | { readonly kind: 'half-open'; readonly waitMs: number };

/**
 * How a permitted fetch ended, after all retries. `unreachable`: no exchange with the origin was
 * possible. `failure`: the exchange broke off, or its status means overload or outage.
 * `abandoned`: the result shows nothing about the origin (cancelled, disk full).
 */
export type BreakerVerdict = 'success' | 'failure' | 'unreachable' | 'abandoned';

export type BreakerAnswer =
  /** The caller must call `settle` once; later calls do nothing. */
  | { readonly kind: 'permitted'; settle(verdict: BreakerVerdict): void }
  | { readonly kind: 'refused'; readonly retryAfterMs: number };

export interface BreakerOptions {
  readonly failureThreshold?: number;
  readonly failureSpanMs?: number;
  readonly openMs?: number;
  readonly maxOpenMs?: number;
}

const CLOSED: BreakerState = { kind: 'closed', failures: 0, sinceMs: 0 };

export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #spanMs: number;
  readonly #openMs: number;
  readonly #maxOpenMs: number;
  #state: BreakerState = CLOSED;

  constructor(clock: Clock, options: BreakerOptions = {}) {
    this.#clock = clock;
    this.#threshold = options.failureThreshold ?? BREAKER_FAILURE_THRESHOLD;
    this.#spanMs = options.failureSpanMs ?? BREAKER_FAILURE_SPAN_MS;
    this.#openMs = options.openMs ?? BREAKER_OPEN_MS;
    this.#maxOpenMs = options.maxOpenMs ?? BREAKER_MAX_OPEN_MS;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Requests permission for one fetch. A refusal carries the time after which to try again. */
  ask(): BreakerAnswer {
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return this.#permit('member');
      case 'open': {
        const leftMs = state.untilMs - this.#clock.monotonic();
        if (leftMs > 0) return { kind: 'refused', retryAfterMs: leftMs };
        this.#state = { kind: 'half-open', waitMs: state.waitMs };
        return this.#permit('probe');
      }
      case 'half-open':
        return { kind: 'refused', retryAfterMs: state.waitMs };
    }
  }

  #permit(role: 'member' | 'probe'): BreakerAnswer {
    let settled = false;
    return {
      kind: 'permitted',
      settle: (verdict) => {
        if (settled) return;
        settled = true;
        if (role === 'probe') this.#probeEnded(verdict);
        else this.#memberEnded(verdict);
      },
    };
  }

  #probeEnded(verdict: BreakerVerdict): void {
    // A fetch permitted before the breaker opened may have succeeded meanwhile and closed it.
    if (this.#state.kind !== 'half-open') return;
    const { waitMs } = this.#state;
    switch (verdict) {
      case 'success':
        this.#state = CLOSED;
        return;
      case 'failure':
      case 'unreachable':
        this.#open(Math.min(waitMs * 2, this.#maxOpenMs));
        return;
      case 'abandoned':
        // The next fetch that requests permission becomes the probe.
        this.#state = { kind: 'open', untilMs: this.#clock.monotonic(), waitMs };
        return;
    }
  }

  #memberEnded(verdict: BreakerVerdict): void {
    switch (verdict) {
      case 'success':
        this.#state = CLOSED;
        return;
      case 'failure':
      case 'unreachable': {
        if (this.#state.kind !== 'closed') return;
        const now = this.#clock.monotonic();
        const failures = this.#state.failures + 1;
        const sinceMs = failures === 1 ? now : this.#state.sinceMs;
        const lasts = verdict === 'unreachable' || now - sinceMs >= this.#spanMs;
        if (failures >= this.#threshold && lasts) this.#open(this.#openMs);
        else this.#state = { kind: 'closed', failures, sinceMs };
        return;
      }
      case 'abandoned':
        return;
    }
  }

  #open(waitMs: number): void {
    this.#state = { kind: 'open', untilMs: this.#clock.monotonic() + waitMs, waitMs };
  }
}

/** Returns the error of a request that an open breaker refuses. */
export function originBusy(name: string, retryAfterMs: number): ForebayError {
  return new ForebayError(
    'origin-busy',
    `origin ${name} failed repeatedly and gets no requests for a while; try again later`,
    {
      source: 'origin',
      retryable: false,
      retryAfterMs,
    },
  );
}
