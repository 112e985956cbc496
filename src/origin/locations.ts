/**
 * The redirect locations of one origin's URLs. A new request uses the last location of its URL. A
 * further fetch of a known object uses the location of the place that the object came from. Owned
 * by an Upstream.
 */
import { LRUCache } from 'lru-cache';
import type { FetchUrl } from '../model/fetch.js';
import type { RedirectChain } from '../model/redirect-chain.js';

/** Most locations that are remembered of one origin. */
const MAX_LOCATIONS = 10_000;

/** Most memory for them: signed URLs are 1 to 8 KiB, and hops keep 2 KiB of fields at most. */
const MAX_LOCATION_BYTES = 16 * 1024 * 1024;

/** Estimated memory of an entry beside its texts. */
const ENTRY_BYTES = 512;

/**
 * How long a location without a recognisable expiry is used without a new request to the origin:
 * long enough for the fills of one read, short enough that a moved object is noticed.
 */
const LOCATION_LIFETIME_MS = 60_000;

/** The same for an object known to be at that place: its validator shows whether it changed. */
const KNOWN_LIFETIME_MS = 600_000;

/** How long before its expiry a signed URL is no longer used: its fetch must start in time. */
const EXPIRY_MARGIN_MS = 10_000;

/** How long every location is used, so that a request that was just redirected can follow it. */
const MIN_LOCATION_MS = 5_000;

/** The target of a redirect, without the fields of the redirected request. */
export interface Location {
  readonly to: Omit<FetchUrl, 'headers'>;
  /** True when its scheme, host or port differs from the origin's. */
  readonly elsewhere: boolean;
  readonly chain: RedirectChain;
  readonly learntAtMs: number;
}

export class Locations {
  readonly #known = new LRUCache<string, Location>({
    max: MAX_LOCATIONS,
    maxSize: MAX_LOCATION_BYTES,
    sizeCalculation: sizeOf,
  });

  /** Returns the last location of `key`, even if it may no longer be used. */
  last(key: string): Location | undefined {
    return this.#known.get(key);
  }

  /** Returns a usable location of `key`: the one of `place` if there is one, else the last. */
  find(key: string, place: string | undefined, nowMs: number): Location | undefined {
    const known = place === undefined ? undefined : this.#known.get(placeKey(key, place));
    if (known !== undefined && isUsable(known, KNOWN_LIFETIME_MS, nowMs)) return known;
    const last = this.#known.get(key);
    return last !== undefined && isUsable(last, LOCATION_LIFETIME_MS, nowMs) ? last : undefined;
  }

  learn(key: string, location: Location): void {
    this.#known.set(key, location);
    this.#known.set(placeKey(key, location.chain.place), location);
  }

  /**
   * Forgets the last location of `key`. Forgets `url` also as the location of that place and of
   * `place`, the place that `find` was called with.
   */
  forget(key: string, url: string, place: string | undefined): void {
    const last = this.#known.get(key);
    this.#known.delete(key);
    for (const other of [last?.chain.place, place]) {
      if (other === undefined) continue;
      const name = placeKey(key, other);
      if (this.#known.get(name)?.to.url === url) this.#known.delete(name);
    }
  }
}

function placeKey(key: string, place: string): string {
  return `${key} ${place}`;
}

/**
 * True when the location may be used now. One that seems to have expired is used for
 * `MIN_LOCATION_MS`, because this machine's clock may be wrong.
 */
function isUsable({ to, learntAtMs }: Location, lifetimeMs: number, nowMs: number): boolean {
  const expiry = to.expiresAtMs === null ? Infinity : to.expiresAtMs - EXPIRY_MARGIN_MS;
  return nowMs < Math.max(learntAtMs + MIN_LOCATION_MS, Math.min(expiry, learntAtMs + lifetimeMs));
}

function sizeOf({ to, chain }: Location, key: string): number {
  const texts = chain.hops.flatMap(({ headers, shown }) => [...Object.values(headers), ...shown]);
  const characters = texts.reduce((sum, value) => sum + value.length, to.url.length + key.length);
  return ENTRY_BYTES + 2 * characters;
}
