/** Clock and random numbers, passed in so that tests can control them. */

export interface Clock {
  /** Wall time, ms since the epoch: only for HTTP dates and freshness. */
  now(): number;
  /** Monotonic ms: for every timeout and duration. Threads of one process may compare theirs. */
  monotonic(): number;
  /** Calls `callback` once after `ms`. The returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

const NANOSECONDS_PER_MS = 1e6;

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not `performance.now()`, which counts from the start of each thread.
  monotonic: () => Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS,
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
