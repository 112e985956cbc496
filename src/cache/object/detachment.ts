/**
 * The detached state of a generation: the origin's answers have another validator at the same
 * length (LiveObject.detach). Decides which requests the generation still serves, and what ends it.
 * Owned by a Generation.
 */
import type { ForebayError } from '../../model/errors.js';
import type { OriginLocator } from '../../origin/upstream.js';

export interface DetachmentOptions {
  /** Called when bytes other than those already sent arrived, or when they cannot be compared. */
  readonly onChanged: () => void;
  /** Called when a stream has ended and every byte known before arrived again in it, unchanged. */
  readonly onAgain: () => void;
}

export class Detachment {
  readonly #options: DetachmentOptions;
  #isOn = false;
  /**
   * True when readers may have bytes of a chunk that never became whole. It has no ids, so a second
   * copy of these bytes cannot be compared with the first.
   */
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
   * True when the generation serves requests of `source`. Another validator may mean another
   * representation for another client, so a request that showed the origin a field that may
   * identify its client shares no stream. The first request after `begin` decides who is served.
   */
  admits(source: OriginLocator): boolean {
    if (!this.#isOn) return true;
    const group = source.shown.length === 0 ? 'anybody' : source;
    this.#admitted ??= group;
    return this.#admitted === group;
  }

  /** Records that a fill failed whose bytes readers may have in part. */
  leaked(): void {
    this.#hasLeaked = true;
    if (this.#isOn) this.#options.onChanged();
  }

  /** Records the end of a stream of the whole representation. */
  streamEnded(error: ForebayError | undefined): void {
    if (!this.#isOn) return;
    if (error === undefined) this.#options.onAgain();
    else if (error.code === 'origin-corrupt') this.#options.onChanged();
  }
}
