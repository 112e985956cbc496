/**
 * Limits the fetches that one client may have running or queued at once, whether or not the client
 * still waits for them. A request for one byte costs a chunk, so a client that requests and
 * disconnects repeatedly would fill every lane and queue with chunks that no client reads. At its
 * limit a client waits for its own fetches, and read-ahead is left out. Cache owns the quotas;
 * Generation and CollapsedFetches acquire permits.
 */
import { type Bound, type Deferred, deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { Priority } from '../../compute/fill-pool.js';

/** Places of a client per base lane of the program: plenty for one that reads what it requests. */
export const QUOTA_PER_LANE = 8;

/** Makes permits of one client's quota. */
export type PermitSource = Pick<ClientQuota, 'permit'>;

export class ClientQuotas {
  readonly #quotas = new Map<string, ClientQuota>();
  readonly #places: number;
  readonly #onFull: () => void;

  /** `onFull` is called for each fetch that waits, or is left out. */
  constructor(places: number, onFull: () => void) {
    this.#places = places;
    this.#onFull = onFull;
  }

  /** Returns the permits of `client`. A client without a permit takes no memory. */
  of(client: string): PermitSource {
    // Looked up each time: a request may outlive a quota that was deleted while it was unused.
    return { permit: () => this.#current(client).permit() };
  }

  #current(client: string): ClientQuota {
    const known = this.#quotas.get(client);
    if (known !== undefined) return known;
    const quota = new ClientQuota(this.#places, this.#onFull, () => {
      this.#quotas.delete(client);
    });
    this.#quotas.set(client, quota);
    return quota;
  }

  /** The number of clients with a running fetch or a permit. */
  get size(): number {
    return this.#quotas.size;
  }
}

export class ClientQuota {
  readonly onFull: () => void;
  readonly #onUnused: () => void;
  readonly #waiting: Deferred<undefined>[] = [];
  #free: number;
  #permits = 0;
  readonly #places: number;

  constructor(places: number, onFull: () => void, onUnused: () => void) {
    this.#places = places;
    this.#free = places;
    this.onFull = onFull;
    this.#onUnused = onUnused;
  }

  /** Returns a permit for one read or fetch, without a place yet; call its `leave` once. */
  permit(): Permit {
    this.#permits += 1;
    return new Permit(this);
  }

  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Waits for a place, first come first served. Rejects when `bound` ends the wait. */
  async take(bound: Bound): Promise<void> {
    const turn = deferred<undefined>();
    this.#waiting.push(turn);
    try {
      await within(turn.promise, bound);
    } catch (error) {
      const position = this.#waiting.indexOf(turn);
      // `give` passed the place to this wait as it ended: pass the place on.
      if (position === -1) this.give();
      else this.#waiting.splice(position, 1);
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
    this.#permits -= 1;
    this.#settleIfUnused();
  }

  #settleIfUnused(): void {
    if (this.#permits === 0 && this.#free === this.#places) this.#onUnused();
  }
}

/** The claim of one read or fetch on its client's quota: at most one place at a time. */
export class Permit {
  readonly #quota: ClientQuota;
  #hasPlace = false;

  constructor(quota: ClientQuota) {
    this.#quota = quota;
  }

  /** Takes a place unless it has one; returns false when none is free and `wait` is needed. */
  tryAcquire(): boolean {
    this.#hasPlace ||= this.#quota.tryTake();
    return this.#hasPlace;
  }

  /** Waits for a place. Rejects with `overload` for read-ahead, which can be left out. */
  async wait(priority: Priority, bound: Bound): Promise<void> {
    this.#quota.onFull();
    if (priority === 'read-ahead') throw quotaExhausted();
    await this.#quota.take(bound);
    this.#hasPlace = true;
  }

  /** Passes the place to a fetch that has begun: it is free again when `ended` settles. */
  keepUntil(ended: Promise<unknown>): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    const give = (): void => {
      this.#quota.give();
    };
    ended.then(give, give);
  }

  /** Ends the permit, and frees its place unless a fetch keeps it. */
  leave(): void {
    if (this.#hasPlace) this.#quota.give();
    this.#hasPlace = false;
    this.#quota.left();
  }
}

/** Runs `work` with a permit of `quota`, then ends the permit; without one for no client. */
export async function withPermit<T>(
  quota: PermitSource | undefined,
  work: (permit: Permit | undefined) => Promise<T>,
): Promise<T> {
  const permit = quota?.permit();
  try {
    return await work(permit);
  } finally {
    permit?.leave();
  }
}

function quotaExhausted(): ForebayError {
  return new ForebayError('overload', 'the client has reached its limit of concurrent fetches', {
    source: 'client',
    retryable: true,
  });
}
