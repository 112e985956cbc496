/**
 * Hosts whose responses to Range are unusable (a 206 without a valid Content-Range, or with other
 * bytes than requested): for a while they are asked for the whole. One per origin, which owns it;
 * origin fetches and fills report to it.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../model/time.js';

/**
 * Hosts remembered: an origin and the storage that it redirects to. Forgetting one costs one
 * request.
 */
const MAX_HOSTS = 256;

/** How long the first such response counts: it may be an accident, and the whole costs more. */
const FIRST_MS = 60_000;

/** How long one counts that came again. */
const AGAIN_MS = 10 * 60_000;

/** An answer within this time of the last one came again. */
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

  /** What `url` answered to a Range cannot be used. */
  note(url: string): void {
    const { host } = new URL(url);
    const now = this.#clock.monotonic();
    const known = this.#hosts.get(host);
    // CollapsedFetches that were under way together are one sighting.
    if (known !== undefined && known > now) return;
    this.#hosts.set(host, now + (known === undefined ? FIRST_MS : AGAIN_MS));
  }

  /** True while the URL's host is to be asked without Range. */
  has(url: string): boolean {
    return (this.#hosts.get(new URL(url).host) ?? 0) > this.#clock.monotonic();
  }
}
