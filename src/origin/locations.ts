/**
 * Where the URLs of one origin were redirected to. For a new question it is the last place that
 * counts; for the fetches of an object that is known already, the place that it came from. Owned by
 * an Upstream.
 */
import { LRUCache } from 'lru-cache';
import type { FetchUrl } from '../model/fetch.js';
import type { RedirectChain } from '../model/redirect-chain.js';

/** Redirected locations that are remembered of one origin. */
const MAX_LOCATIONS = 10_000;

/** Memory for them: signed URLs are 1 to 8 KiB, and hops keep 2 KiB of fields at most. */
const MAX_LOCATION_BYTES = 16 * 1024 * 1024;

/** What an entry takes beside its texts. */
const ENTRY_BYTES = 512;

/**
 * How long a redirect without a recognisable expiry is followed without asking again: long enough
 * for the fills of one read, short enough that a moved object is noticed.
 */
const LOCATION_LIFETIME_MS = 60_000;

/** The lifetime for an object that is known to be there: its validator shows if it moved. */
const KNOWN_LIFETIME_MS = 600_000;

/**
 * A signed URL is not used in its last moments: the fetch it starts must begin before it expires.
 */
const EXPIRY_MARGIN_MS = 10_000;

/** Tried at least this long, so that a request which was just redirected does use the location. */
const MIN_LOCATION_MS = 5_000;

/** Where a URL was redirected to, without the fields of the request that was redirected. */
export interface Location {
  readonly to: Omit<FetchUrl, 'headers'>;
  /** True when it is not the origin's own scheme, host and port. */
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

  /** The last place that `key` led to, whether or not it may still be used. */
  last(key: string): Location | undefined {
    return this.#known.get(key);
  }

  /** Where `key` leads now: to `place` where that is known, else to the last one. */
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

  /** Forgets `url` as a starting point; `place`: the place that it was found for. */
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

/** Even one that seems to have expired is tried: the clock that is wrong may be ours. */
function isUsable({ to, learntAtMs }: Location, lifetimeMs: number, nowMs: number): boolean {
  const expiry = to.expiresAtMs === null ? Infinity : to.expiresAtMs - EXPIRY_MARGIN_MS;
  return nowMs < Math.max(learntAtMs + MIN_LOCATION_MS, Math.min(expiry, learntAtMs + lifetimeMs));
}

function sizeOf({ to, chain }: Location, key: string): number {
  const said = chain.hops.flatMap(({ headers, shown }) => [...Object.values(headers), ...shown]);
  const characters = said.reduce((sum, value) => sum + value.length, to.url.length + key.length);
  return ENTRY_BYTES + 2 * characters;
}
