/**
 * A promise that is settled from outside, and a bounded wait. Node 20 has no
 * `Promise.withResolvers`.
 */
import type { Clock } from './time.js';

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Makes a promise that the caller settles. Its rejection is never reported as unhandled. */
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
  /** Aborts the wait; the awaited work goes on for other callers. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the error to throw after `ms`. */
  readonly timedOut: () => Error;
  /** Makes the error to throw when `signal` aborts. */
  readonly aborted: () => Error;
}

/**
 * Awaits `promise` for at most `bound.ms`. Rejects with its error, or with `timedOut` or `aborted`.
 * Every wait in Forebay has such a bound.
 */
export async function within<T>(promise: Promise<T>, bound: Bound): Promise<T> {
  // It may reject after the wait ended early, and an unhandled rejection would end the process.
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

/** A signal that never aborts, for work that goes on when the client leaves. */
export const NEVER: AbortSignal = new AbortController().signal;
