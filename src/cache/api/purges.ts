/**
 * The purges so far: each begins an epoch. A response that was requested before a purge must not be
 * stored after it, even if its URL had nothing stored then. cache/operator/inventory begins purges;
 * code that stores an origin's response checks `spares` first.
 */

/**
 * Purges remembered one by one. A request older than the oldest of them counts as purged, because
 * it is unknown which purge selected it. So many purges are rarely made while one fetch runs.
 */
const MAX_REMEMBERED = 64;

/** A URL of an origin, which a purge may select. */
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
  /** The epoch of the last purge that was forgotten. */
  #forgotten = 0;

  /** The current epoch: read it with a request, and pass it to `spares` with the response. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Begins a new epoch of the places that `selects` accepts. Call it before removing anything. */
  begin(selects: (place: PurgePlace) => boolean): void {
    this.#epoch += 1;
    this.#purges.push({ epoch: this.#epoch, selects });
    if (this.#purges.length > MAX_REMEMBERED) this.#forgotten = this.#purges.shift()?.epoch ?? 0;
  }

  /** True when no purge since `epoch` selected `place`: a response requested then may be stored. */
  spares(place: PurgePlace, epoch: number): boolean {
    if (epoch < this.#forgotten) return false;
    return !this.#purges.some((purge) => purge.epoch > epoch && purge.selects(place));
  }
}
