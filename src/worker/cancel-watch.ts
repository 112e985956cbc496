/**
 * Turns the cancel word that the main thread sets in shared memory into an `AbortSignal`. A word,
 * because piscina kills the whole worker when a task's own signal aborts, other lanes included.
 */
import type { Clock } from '../model/time.js';
import { cancelledFault } from './faults.js';

/**
 * How often the word is read while nothing arrives. A cancelled fetch holds its lane for at most
 * this long; arriving bytes read the word at once.
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

  /** Reads the word now; aborts the signal when it is set. */
  isCancelled(): boolean {
    if (!this.#controller.signal.aborted && this.#readWord()) this.#controller.abort();
    return this.#controller.signal.aborted;
  }

  /** Throws `cancelled` when the word is set. */
  check(): void {
    if (this.isCancelled()) throw cancelledFault();
  }

  /** Waits `ms`, or until cancelled. */
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

  /** Ends the polling; call it once, when the task ends. */
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
