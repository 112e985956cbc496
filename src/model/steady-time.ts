/**
 * Wall time that never runs backwards; ages are computed with it. If the machine's clock is set
 * back, `Age` would stand still until the clock had caught up.
 */
import type { Clock } from './time.js';

interface Reading {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly steadyMs: number;
  /** What the clock was put back by, since the process began. */
  readonly leadMs: number;
}

/** Ages are in seconds: a smaller step is a matter of the clock's resolution. */
export const UNSTEADY_MS = 1000;

/** The last reading of each clock; a process has one clock. */
const readings = new WeakMap<Clock, Reading>();

/**
 * Ms since the epoch as the clock has them, or, after it was put back, as it would have them
 * otherwise. It follows a clock that is put forward, and one that went on while the machine slept,
 * since being older than it is does a stored response no harm. Only differences of two readings
 * mean anything.
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

/** The times of a response that was requested at `requestTimeMs` (wall time) and received now. */
export function receivedNow(clock: Clock, requestTimeMs: number) {
  return { requestTimeMs, responseTimeMs: clock.now(), steadyTimeMs: steadyNow(clock) };
}
