/**
 * The timers of a response body: for silence and for too low a rate. Used by both clients. Time
 * during which the sink pauses the connection counts for neither: the origin did not cause it.
 */
import type { FetchLimits } from '../model/fetch.js';
import type { Clock } from '../model/time.js';
import { timeoutError } from './transport-error.js';
import type { ForebayError } from '../model/errors.js';

type Limits = Pick<FetchLimits, 'idleTimeoutMs' | 'minRateBytesPerSecond' | 'minRateWindowMs'>;

/**
 * Timers check both bounds when they fire, by the recorded times and counts. A read therefore costs
 * one reading of the clock and sets no timer. A rate below the minimum is detected after one to two
 * windows.
 */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #onTimeout: (error: ForebayError) => void;
  /** Total paused time, which `#runningMs` subtracts from the monotonic clock. */
  #pausedMs = 0;
  #pausedAt: number | undefined;
  #lastByteAt: number;
  #windowStart: number;
  #windowBytes = 0;
  #cancelIdle: () => void = () => undefined;
  #cancelRate: () => void = () => undefined;

  /** Starts the timers. Calls `onTimeout` at most once, with `origin-timeout`. */
  constructor(clock: Clock, limits: Limits, onTimeout: (error: ForebayError) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onTimeout = onTimeout;
    this.#lastByteAt = this.#runningMs();
    this.#windowStart = this.#lastByteAt;
    this.#arm();
  }

  /** Records that `count` body bytes were read from the connection. */
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

  /** Returns monotonic ms without paused time: a clock that stops during a pause. */
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
