/**
 * The body that a generation takes in while there is one, and how a stream of the whole is started
 * where the origin's ranges are of no use. Owned by a Generation.
 */
import { within } from '../../model/deferred.js';
import type { ForebayError } from '../../model/errors.js';
import type { Arrival, StreamStarter } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';
import { boundOf, type FetchContext } from '../flight/fetch-context.js';

export interface ArrivalsOptions {
  readonly services: CacheServices;
  /**
   * Called when a body has ended, with an error if it broke off; `isStream`: it was of the whole
   * object.
   */
  readonly onEnded: (error: ForebayError | undefined, isStream: boolean) => void;
  /** Called when a stream was started, or could not be. */
  readonly onStarted: () => void;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;
  #intake: Arrival | undefined;
  #starter: StreamStarter | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  get intake(): Arrival | undefined {
    return this.#intake;
  }

  /** True when chunks come from a stream of the whole, not by range. */
  get isStreaming(): boolean {
    return this.#starter !== undefined || this.#intake?.isStream === true;
  }

  get isMoving(): boolean {
    return this.#intake !== undefined || this.#starting !== undefined;
  }

  attach(intake: Arrival): void {
    this.#intake = intake;
    void intake.whenEnded.then((error) => {
      if (this.#intake === intake) this.#intake = undefined;
      this.#options.onEnded(error, intake.isStream);
    });
  }

  /** From now on a stream brings missing chunks; the first starter that was set stays. */
  switchToStream(starter: StreamStarter): void {
    this.#starter ??= starter;
  }

  /** Waits until the stream has reached `index` or has ended; starts a stream if there is none. */
  async reached(index: number, fetchContext: FetchContext): Promise<void> {
    const bound = boundOf(this.#options.services, fetchContext.signal);
    if (this.#intake !== undefined) return within(this.#intake.reached(index), bound);
    this.#starting ??= this.#starter?.(fetchContext).finally(() => {
      this.#starting = undefined;
      this.#options.onStarted();
    });
    if (this.#starting !== undefined) await within(this.#starting, bound);
  }
}
