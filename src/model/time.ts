/** Time and chance, passed in so that tests can hold them still. */

export interface Clock {
  /** Wall time, ms since the epoch: only for HTTP dates and freshness. */
  now(): number;
  /** Monotonic ms: for every timeout and duration. Threads of one process may compare theirs. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

const NANOSECONDS_PER_MS = 1e6;

/** The machine's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not `performance.now()`, which every thread counts from its own start.
  monotonic: () => Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS,
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
