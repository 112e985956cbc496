/**
 * What was purged, and when: each purge begins an epoch. What was asked for before it must not be
 * stored after it, whether its URL had anything stored by then or not. PartialSend by
 * cache/operator/inventory; whoever stores what an origin said asks it first.
 */

/**
 * Purges remembered one by one; of what was asked before the oldest of them it is not known any
 * more whether a purge meant it, and it counts as purged. So many are seldom made while one
 * question runs.
 */
const MAX_REMEMBERED = 64;

/** What a purge may mean: a URL of an origin. */
export interface PurgePlace {
  readonly origin: string;
  readonly uri: string;
}

interface Purge {
  readonly epoch: number;
  readonly selects: (place: PurgePlace) => boolean;
}

export class Purges {
  readonly #purges: Purge[] = [];
  #epoch = 0;
  /** The last purge that was forgotten. */
  #forgotten = 0;

  /** Taken with a question, and given to `spares` with its answer. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Begins a new epoch for what `selects` means. Call it before anything is taken out. */
  begin(selects: (place: PurgePlace) => boolean): void {
    this.#epoch += 1;
    this.#purges.push({ epoch: this.#epoch, selects });
    if (this.#purges.length > MAX_REMEMBERED) this.#forgotten = this.#purges.shift()?.epoch ?? 0;
  }

  /** True when no purge since `epoch` meant `place`: what was asked then may be stored. */
  spares(place: PurgePlace, epoch: number): boolean {
    if (epoch < this.#forgotten) return false;
    return !this.#purges.some((purge) => purge.epoch > epoch && purge.selects(place));
  }
}
