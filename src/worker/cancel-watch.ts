/**
 * Aborts an `AbortSignal` when the main thread sets a cancel word in shared memory. The main thread
 * cannot abort a task's signal instead: piscina then kills the whole worker, with its other lanes.
 */
import type { Clock } from '../model/time.js';
import { cancelledFault } from './faults.js';

/**
 * How often the word is read while no bytes arrive. A cancelled fetch occupies its lane for at most
 * this long; when bytes arrive, the word is read at once.
 */
export const CANCEL_POLL_MS = 100;

export class CancelWatch {
  readonly #readWord: () => boolean;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  #stopTimer: () => void = () => undefined;

  constructor(readWord: () => boolean, clock: Clock) {
    this.#readWord = readWord;
    this.#clock = clock;
    this.#poll();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when the task is cancelled. Reads the word now, and aborts the signal if it is set. */
  isCancelled(): boolean {
    if (!this.#controller.signal.aborted && this.#readWord()) this.#controller.abort();
    return this.#controller.signal.aborted;
  }

  /** Throws `cancelled` when the word is set. */
  check(): void {
    if (this.isCancelled()) throw cancelledFault();
  }

  /** Waits for `ms`, or until the task is cancelled. */
  async pause(ms: number): Promise<void> {
    if (ms <= 0 || this.isCancelled()) return;
    const { signal } = this.#controller;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stop();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const stop = this.#clock.after(ms, end);
      signal.addEventListener('abort', end);
    });
  }

  /** Stops the polling. The task calls this when it ends. */
  stop(): void {
    this.#stopTimer();
  }

  #poll(): void {
    if (this.isCancelled()) return;
    this.#stopTimer = this.#clock.after(CANCEL_POLL_MS, () => {
      this.#poll();
    });
  }
}
