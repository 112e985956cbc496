/**
 * Remembers hosts whose responses to a Range field cannot be used: a 206 that does not declare its
 * bytes, or has other bytes than requested. For a while, fetches request whole representations from
 * these hosts. Each Upstream owns one; origin fetches and fills report to it and query it.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../model/time.js';

/**
 * Most hosts remembered: an origin and the storage hosts that it redirects to. Forgetting one costs
 * one request.
 */
const MAX_HOSTS = 256;

/** How long a first fault counts. Short, as it may be a single error, and costs whole transfers. */
const FIRST_MS = 60_000;

/** How long a repeated fault counts. */
const AGAIN_MS = 10 * 60_000;

/** A fault within this time of the last one is a repeated fault. */
const MEMORY_MS = 60 * 60_000;

export class RangeFaults {
  readonly #clock: Clock;
  readonly #hosts: LRUCache<string, number>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#hosts = new LRUCache({
      max: MAX_HOSTS,
      ttl: MEMORY_MS,
      ttlResolution: 0,
      perf: { now: () => clock.monotonic() },
    });
  }

  /** Records that the response of `url` to a Range field cannot be used. */
  note(url: string): void {
    const { host } = new URL(url);
    const now = this.#clock.monotonic();
    const known = this.#hosts.get(host);
    // Faults of concurrent fetches count as one.
    if (known !== undefined && known > now) return;
    this.#hosts.set(host, now + (known === undefined ? FIRST_MS : AGAIN_MS));
  }

  /** True while requests to the host of `url` should have no Range field. */
  has(url: string): boolean {
    return (this.#hosts.get(new URL(url).host) ?? 0) > this.#clock.monotonic();
  }
}
