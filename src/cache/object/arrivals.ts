/**
 * Holds the response body that a generation is taking in, if any, and starts a stream of the whole
 * representation where range requests to the origin do not work. Owned by a Generation.
 */
import { within } from '../../model/deferred.js';
import type { ForebayError } from '../../model/errors.js';
import type { Arrival, StreamStarter } from '../fill/live-object.js';
import type { CacheServices } from '../api/services.js';
import { boundOf, type FetchContext } from '../flight/fetch-context.js';

export interface ArrivalsOptions {
  readonly services: CacheServices;
  /**
   * Called when a body has ended, with the error if it broke off. `isStream` is true when the body
   * was that of the whole representation.
   */
  readonly onEnded: (error: ForebayError | undefined, isStream: boolean) => void;
  /** Called when a stream was started, or when starting it failed. */
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

  /** True when chunks come from a stream of the whole representation, not by range. */
  get isStreaming(): boolean {
    return this.#starter !== undefined || this.#intake?.isStream === true;
  }

  /** True while a body arrives or a stream is being started. */
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

  /** Fetches missing chunks by a stream from now on. The first `starter` stays in use. */
  switchToStream(starter: StreamStarter): void {
    this.#starter ??= starter;
  }

  /** Waits until the stream has reached chunk `index` or has ended. Starts one if none runs. */
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
