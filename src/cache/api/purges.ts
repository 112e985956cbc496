/**
 * The purges of this process. A fetch that began before a purge must not store what the purge
 * covers, even if nothing was stored then. Written by cache/operator/inventory, checked by
 * everything that stores a response.
 */

/**
 * Purges that are remembered one by one. A fetch that began before the oldest of them counts as
 * purged. A fetch seldom lasts for so many.
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

  /** True if no purge since `epoch` covers `place`: a fetch of that epoch may store. */
  spares(place: PurgePlace, epoch: number): boolean {
    if (epoch < this.#forgotten) return false;
    return !this.#purges.some((purge) => purge.epoch > epoch && purge.selects(place));
  }
}
