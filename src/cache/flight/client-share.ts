/**
 * How many fetches one client may have running or queued at once, whether or not it still waits for
 * them: one byte asked for costs a chunk, and a client that asks and leaves, again and again, would
 * fill every lane and queue with chunks that nobody reads. Beyond its share a client waits for its own
 * fetches, read-ahead is left out. Owned by Cache; Generation and Contacts take places.
 */
import { type Bound, type Deferred, deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { Priority } from '../../compute/fill-pool.js';

/** A client's places, in base lanes of the whole program: plenty for one that reads what it asks for. */
export const SHARE_PER_LANE = 8;

/** Gives seats in one client's share. */
export type Seating = Pick<ClientShare, 'seat'>;

export class ClientShares {
  readonly #shares = new Map<string, ClientShare>();
  readonly #places: number;
  readonly #onFull: () => void;

  /** `onFull` is called for each fetch that waits, or is left out. */
  constructor(places: number, onFull: () => void) {
    this.#places = places;
    this.#onFull = onFull;
  }

  /** Where requests of `client` take seats. Nothing is kept of a client without one. */
  of(client: string): Seating {
    // Looked up each time: a request outlives shares that went unused while it needed none.
    return { seat: () => this.#current(client).seat() };
  }

  #current(client: string): ClientShare {
    const known = this.#shares.get(client);
    if (known !== undefined) return known;
    const share = new ClientShare(this.#places, this.#onFull, () => {
      this.#shares.delete(client);
    });
    this.#shares.set(client, share);
    return share;
  }

  /** Clients with a fetch under way, or about to begin one. */
  get size(): number {
    return this.#shares.size;
  }
}

export class ClientShare {
  readonly onFull: () => void;
  readonly #onUnused: () => void;
  readonly #waiting: Deferred<undefined>[] = [];
  #free: number;
  #seats = 0;
  readonly #places: number;

  constructor(places: number, onFull: () => void, onUnused: () => void) {
    this.#places = places;
    this.#free = places;
    this.onFull = onFull;
    this.#onUnused = onUnused;
  }

  /** A seat for one read or contact, without a place yet; `leave` it once. */
  seat(): Seat {
    this.#seats += 1;
    return new Seat(this);
  }

  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Waits for a place, first come first served. */
  async take(bound: Bound): Promise<void> {
    const turn = deferred<undefined>();
    this.#waiting.push(turn);
    try {
      await within(turn.promise, bound);
    } catch (error) {
      const at = this.#waiting.indexOf(turn);
      // Its turn had come in the same moment: the place is the next one's.
      if (at === -1) this.give();
      else this.#waiting.splice(at, 1);
      throw error;
    }
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next.resolve(undefined);
    this.#settleIfUnused();
  }

  left(): void {
    this.#seats -= 1;
    this.#settleIfUnused();
  }

  #settleIfUnused(): void {
    if (this.#seats === 0 && this.#free === this.#places) this.#onUnused();
  }
}

/** What one read or contact holds of its client's share: at most one place at a time. */
export class Seat {
  readonly #share: ClientShare;
  #hasPlace = false;

  constructor(share: ClientShare) {
    this.#share = share;
  }

  /** Takes a place if it has none; true when it has to `wait` for one. */
  mustWait(): boolean {
    this.#hasPlace ||= this.#share.tryTake();
    return !this.#hasPlace;
  }

  /** Waits for a place. Rejects for read-ahead, which has no need to be now (`overload`). */
  async wait(priority: Priority, bound: Bound): Promise<void> {
    this.#share.onFull();
    if (priority === 'read-ahead') throw noShare();
    await this.#share.take(bound);
    this.#hasPlace = true;
  }

  /** A fetch has begun: its place is free again when `ended` resolves. */
  keepUntil(ended: Promise<unknown>): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    const give = (): void => {
      this.#share.give();
    };
    ended.then(give, give);
  }

  /** Gives back a place that no fetch keeps. */
  leave(): void {
    if (this.#hasPlace) this.#share.give();
    this.#hasPlace = false;
    this.#share.left();
  }
}

/** Runs `work` with a seat in `share`, and leaves it; without one where no client asked. */
export async function seated<T>(
  share: Seating | undefined,
  work: (seat: Seat | undefined) => Promise<T>,
): Promise<T> {
  const seat = share?.seat();
  try {
    return await work(seat);
  } finally {
    seat?.leave();
  }
}

function noShare(): ForebayError {
  return new ForebayError('overload', "the client's fetches are as many as it may have", {
    source: 'client',
    retryable: true,
  });
}
