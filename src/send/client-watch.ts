/**
 * Watches the client of one response for its sender: gone, or taking nothing. Whatever the sender
 * awaits is cut short by either, so that an abort is noticed even while no byte can be sent.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../model/time.js';

/** The result of a wait that was cut short, as a rule by the client's end. */
export const GONE: unique symbol = Symbol('client gone');

export type ClientEnd = 'client-closed' | 'client-idle';

/** `stop` it when the sending is over. At most one wait at a time. */
export class ClientWatch {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #idleTimeoutMs: number;
  #end: ClientEnd | null = null;
  #interrupted = false;
  #waitsFor: 'source' | 'client' = 'source';
  #sinceMs: number;
  /**
   * One callback instead of `Promise.race` with a lasting promise, which would keep every racer.
   */
  #wake: (() => void) | null = null;
  readonly #onClose = (): void => {
    this.finish('client-closed');
  };

  constructor(response: ServerResponse, clock: Clock, idleTimeoutMs: number) {
    this.#response = response;
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#sinceMs = clock.monotonic();
    response.on('close', this.#onClose);
    if (response.destroyed || response.req.socket.destroyed) this.finish('client-closed');
  }

  /** How the client ended; `null` before. The first ending counts. */
  get end(): ClientEnd | null {
    return this.#end;
  }

  /** What the sender waits for. */
  get waitsFor(): 'source' | 'client' {
    return this.#waitsFor;
  }

  /** Monotonic ms of the last byte that the client took, or of the beginning. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  finish(end: ClientEnd): void {
    this.#end ??= end;
    this.interrupt();
  }

  /** Cuts every wait short, now and later, for another reason than the client. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake?.();
  }

  /** Waits for `work` while the client is connected. Later rejections are ignored. */
  whilePresent<T>(work: Promise<T>): Promise<T | typeof GONE> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      this.#wake = () => {
        resolve(GONE);
      };
      if (this.#interrupted) this.#wake();
    });
  }

  /** The same for work that only the client can end: it has the idle bound for it. */
  async whileTaking<T>(work: Promise<T>): Promise<T | typeof GONE> {
    const cancel = this.#clock.after(this.#idleTimeoutMs, () => {
      this.finish('client-idle');
    });
    this.#waitsFor = 'client';
    try {
      return await this.whilePresent(work);
    } finally {
      cancel();
      this.#waitsFor = 'source';
      this.#sinceMs = this.#clock.monotonic();
    }
  }

  stop(): void {
    this.#response.off('close', this.#onClose);
  }
}
