/**
 * A promise with its two ends outside, and a bounded wait. Node 20 has no `Promise.withResolvers`.
 */
import type { Clock } from './time.js';

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A promise to be settled from elsewhere. Its rejection is never reported as unhandled. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

export interface Bound {
  readonly clock: Clock;
  readonly ms: number;
  /** Ends the wait early; the awaited work itself goes on for others. */
  readonly signal?: AbortSignal | undefined;
  /** What to throw when time is up or the signal aborts. */
  readonly timedOut: () => Error;
  readonly aborted: () => Error;
}

/** Awaits `promise` for at most `bound.ms`: every wait in Forebay has a bound with a name. */
export async function within<T>(promise: Promise<T>, bound: Bound): Promise<T> {
  // Abandoned by an early end it may still fail, and an unhandled rejection would end the process.
  promise.catch(() => undefined);
  const { signal } = bound;
  if (signal?.aborted === true) throw bound.aborted();
  const end = deferred<never>();
  const cancelTimer = bound.clock.after(bound.ms, () => {
    end.reject(bound.timedOut());
  });
  const onAbort = (): void => {
    end.reject(bound.aborted());
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, end.promise]);
  } finally {
    cancelTimer();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The signal of what no client's leaving ends. */
export const NEVER: AbortSignal = new AbortController().signal;
