/**
 * Wall time that never runs backwards: what has passed since something came is counted on it. The clock
 * of a machine may be put back, and `Age` would stand still until it had caught up.
 */
import type { Clock } from './time.js';

interface Reading {
  readonly steadyMs: number;
  readonly monotonicMs: number;
}

/** The last one of each clock: of one process, of which there is one. */
const readings = new WeakMap<Clock, Reading>();

/**
 * Ms since the epoch as the clock has them, or, after it was put back, as it would have them otherwise.
 * It follows a clock that is put forward, and one that went on while the machine slept, since being
 * older than it is does a stored response no harm. Only differences of two readings mean anything.
 */
export function steadyNow(clock: Clock): number {
  const monotonicMs = clock.monotonic();
  const last = readings.get(clock);
  const wallMs = clock.now();
  const counted = last === undefined ? wallMs : last.steadyMs + monotonicMs - last.monotonicMs;
  const steadyMs = Math.max(wallMs, counted);
  readings.set(clock, { steadyMs, monotonicMs });
  return steadyMs;
}

/** The times of a response that was asked for at `requestTimeMs` (wall time) and has just come. */
export function receivedNow(clock: Clock, requestTimeMs: number) {
  return { requestTimeMs, responseTimeMs: clock.now(), steadyTimeMs: steadyNow(clock) };
}
