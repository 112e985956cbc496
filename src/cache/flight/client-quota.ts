/**
 * Bounds the fetches that one client may have running or queued, whether or not it still waits for
 * them. One requested byte costs a whole chunk, so a client that requests and leaves repeatedly
 * would fill every lane with chunks that nobody reads. A client at its limit waits for its own
 * fetches, and its read-ahead is skipped. Owned by Cache; Generation and CollapsedFetches acquire
 * permits.
 */
import { type Bound, type Deferred, deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { Priority } from '../../compute/fill-pool.js';

/** A client's permits per base lane of the program: enough for one that reads what it requests. */
export const QUOTA_PER_LANE = 8;

/** Gives seats in one client's share. */
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

  /** Where requests of `client` take seats. Nothing is kept of a client without one. */
  of(client: string): PermitSource {
    // Looked up each time: a request outlives shares that went unused while it needed none.
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

  /** Clients with a fetch under way, or about to begin one. */
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

  /** A permit for one read or fetch, not yet acquired; `leave` it once. */
  permit(): Permit {
    this.#permits += 1;
    return new Permit(this);
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
    this.#permits -= 1;
    this.#settleIfUnused();
  }

  #settleIfUnused(): void {
    if (this.#permits === 0 && this.#free === this.#places) this.#onUnused();
  }
}

/** One read's or fetch's part of its client's quota: at most one place at a time. */
export class Permit {
  readonly #quota: ClientQuota;
  #hasPlace = false;

  constructor(quota: ClientQuota) {
    this.#quota = quota;
  }

  /** Takes a place if it has none; false when it has to `wait` for one. */
  tryAcquire(): boolean {
    this.#hasPlace ||= this.#quota.tryTake();
    return this.#hasPlace;
  }

  /** Waits for a place. Rejects for read-ahead, which has no need to be now (`overload`). */
  async wait(priority: Priority, bound: Bound): Promise<void> {
    this.#quota.onFull();
    if (priority === 'read-ahead') throw quotaExhausted();
    await this.#quota.take(bound);
    this.#hasPlace = true;
  }

  /** A fetch has begun: its place is free again when `ended` resolves. */
  keepUntil(ended: Promise<unknown>): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    const give = (): void => {
      this.#quota.give();
    };
    ended.then(give, give);
  }

  /** Gives back a place that no fetch keeps. */
  leave(): void {
    if (this.#hasPlace) this.#quota.give();
    this.#hasPlace = false;
    this.#quota.left();
  }
}

/** Runs `work` with a permit of `share`, and releases it; without one if no client requested it. */
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
