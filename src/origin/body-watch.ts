/**
 * The timers of a response body: silence and too low a rate. Used by both clients. Time during
 * which the sink holds the connection paused counts for neither: that silence is our own.
 */
import type { FetchLimits } from '../model/fetch.js';
import type { Clock } from '../model/time.js';
import { timeoutError } from './transport-error.js';
import type { ForebayError } from '../model/errors.js';

type Limits = Pick<FetchLimits, 'idleTimeoutMs' | 'minRateBytesPerSecond' | 'minRateWindowMs'>;

/**
 * Both bounds are checked by timers that look back when they fire, so that a read costs one look at
 * the clock and no timer. A rate below the minimum is seen after one to two windows.
 */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #onTimeout: (error: ForebayError) => void;
  /** Monotonic ms less all paused time: a clock that stops while the connection is paused. */
  #pausedMs = 0;
  #pausedAt: number | undefined;
  #lastByteAt: number;
  #windowStart: number;
  #windowBytes = 0;
  #cancelIdle: () => void = () => undefined;
  #cancelRate: () => void = () => undefined;

  /** Starts at once. `onTimeout` is called at most once, with `origin-timeout`. */
  constructor(clock: Clock, limits: Limits, onTimeout: (error: ForebayError) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onTimeout = onTimeout;
    this.#lastByteAt = this.#runningMs();
    this.#windowStart = this.#lastByteAt;
    this.#arm();
  }

  /** `count` body bytes came off the connection. */
  bytes(count: number): void {
    this.#lastByteAt = this.#runningMs();
    this.#windowBytes += count;
  }

  pause(): void {
    if (this.#pausedAt !== undefined) return;
    this.#pausedAt = this.#clock.monotonic();
    this.stop();
  }

  resume(): void {
    if (this.#pausedAt === undefined) return;
    this.#pausedMs += this.#clock.monotonic() - this.#pausedAt;
    this.#pausedAt = undefined;
    this.#arm();
  }

  stop(): void {
    this.#cancelIdle();
    this.#cancelRate();
  }

  #runningMs(): number {
    return (this.#pausedAt ?? this.#clock.monotonic()) - this.#pausedMs;
  }

  #arm(): void {
    this.#armIdle();
    if (this.#limits.minRateBytesPerSecond > 0) this.#armRate();
  }

  #armIdle(): void {
    const leftMs = this.#lastByteAt + this.#limits.idleTimeoutMs - this.#runningMs();
    this.#cancelIdle = this.#clock.after(Math.max(leftMs, 0), () => {
      if (this.#runningMs() - this.#lastByteAt >= this.#limits.idleTimeoutMs) {
        this.#expire(`no body bytes for ${String(this.#limits.idleTimeoutMs)} ms`);
      } else this.#armIdle();
    });
  }

  #armRate(): void {
    const { minRateBytesPerSecond, minRateWindowMs } = this.#limits;
    const leftMs = this.#windowStart + minRateWindowMs - this.#runningMs();
    this.#cancelRate = this.#clock.after(Math.max(leftMs, 0), () => {
      const elapsedMs = this.#runningMs() - this.#windowStart;
      if (elapsedMs >= minRateWindowMs) {
        if (this.#windowBytes * 1000 < minRateBytesPerSecond * elapsedMs) {
          this.#expire(`the body is slower than ${String(minRateBytesPerSecond)} B/s`);
          return;
        }
        this.#windowStart = this.#runningMs();
        this.#windowBytes = 0;
      }
      this.#armRate();
    });
  }

  #expire(message: string): void {
    this.stop();
    this.#onTimeout(timeoutError(message));
  }
}
