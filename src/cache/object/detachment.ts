/**
 * What a generation is in once answers of one length have other validators (LiveObject.detach):
 * whom it serves still, and what ends it. Owned by a Generation.
 */
import type { ForebayError } from '../../model/errors.js';
import type { OriginLocator } from '../../origin/upstream.js';

export interface DetachmentOptions {
  /** Other bytes came than were sent, or it cannot be known. */
  readonly onChanged: () => void;
  /** A stream came to its end, and all that was known came again on its way. */
  readonly onAgain: () => void;
}

export class Detachment {
  readonly #options: DetachmentOptions;
  #isOn = false;
  /** Readers may have bytes of a chunk that was never completed: these cannot be compared. */
  #hasLeaked = false;
  #admitted: OriginLocator | 'anybody' | undefined;

  constructor(options: DetachmentOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  get hasLeaked(): boolean {
    return this.#hasLeaked;
  }

  begin(): void {
    this.#isOn = true;
  }

  /**
   * True if it may serve a request. Another validator may mean another representation for another
   * requester, so a request with credentials shares no stream.
   */
  admits(source: OriginLocator): boolean {
    if (!this.#isOn) return true;
    const who = source.shown.length === 0 ? 'anybody' : source;
    this.#admitted ??= who;
    return this.#admitted === who;
  }

  /** A fill failed whose bytes readers may have in part. */
  leaked(): void {
    this.#hasLeaked = true;
    if (this.#isOn) this.#options.onChanged();
  }

  /** A stream of the whole has ended. */
  streamEnded(error: ForebayError | undefined): void {
    if (!this.#isOn) return;
    if (error === undefined) this.#options.onAgain();
    else if (error.code === 'origin-corrupt') this.#options.onChanged();
  }
}
