/**
 * Wall time that never runs backwards, with which the ages of responses are computed. The machine's
 * clock may be set back, and `Age` would not grow until the clock had caught up.
 */
import type { Clock } from './time.js';

interface Reading {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly steadyMs: number;
  /** Sum of the steps by which the clock was set back since the process started. */
  readonly leadMs: number;
}

/** Smallest step back that is corrected. Ages are in seconds, so smaller ones do not matter. */
export const UNSTEADY_MS = 1000;

/** The last reading of each clock. */
const readings = new WeakMap<Clock, Reading>();

/**
 * Returns the clock's time, ms since the epoch, corrected as if the clock had never been set back.
 * Steps forward are followed, also those after the machine slept, because overestimating the age of
 * a stored response does no harm. Only differences of two readings are meaningful.
 */
export function steadyNow(clock: Clock): number {
  const monotonicMs = clock.monotonic();
  const wallMs = clock.now();
  const last = readings.get(clock) ?? { wallMs, monotonicMs, steadyMs: wallMs, leadMs: 0 };
  const putBackMs = last.wallMs + (monotonicMs - last.monotonicMs) - wallMs;
  const leadMs = last.leadMs + (putBackMs > UNSTEADY_MS ? putBackMs : 0);
  const steadyMs = Math.max(last.steadyMs, wallMs + leadMs);
  readings.set(clock, { wallMs, monotonicMs, steadyMs, leadMs });
  return steadyMs;
}

/** Returns the times of a response that has just come, requested at `requestTimeMs` (wall time). */
export function receivedNow(clock: Clock, requestTimeMs: number) {
  return { requestTimeMs, responseTimeMs: clock.now(), steadyTimeMs: steadyNow(clock) };
}
