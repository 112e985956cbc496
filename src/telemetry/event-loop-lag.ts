/**
 * Samples how late the main thread's timers fire: the first sign that something blocks its loop.
 */
import type { Clock } from '../model/time.js';

/** Twice a second: a stall of 100 ms is seen one time in five, and sampling costs nothing. */
export const SAMPLE_INTERVAL_MS = 500;

/** Calls `lagged` with each sample in ms, until the returned function is called. */
export function watchEventLoopLag(clock: Clock, lagged: (lagMs: number) => void): () => void {
  let cancel = (): void => undefined;
  const sample = (): void => {
    const due = clock.monotonic() + SAMPLE_INTERVAL_MS;
    cancel = clock.after(SAMPLE_INTERVAL_MS, () => {
      lagged(Math.max(0, clock.monotonic() - due));
      sample();
    });
  };
  sample();
  return () => {
    cancel();
  };
}
