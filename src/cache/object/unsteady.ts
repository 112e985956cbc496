/**
 * URLs whose responses have differing validators although the length stays, because nodes behind
 * one name each make their own ETag or Last-Modified. Parts of two responses cannot be joined, so
 * such a URL is read as one stream of one response. Owned by cache/object/generations, used by
 * cache/fetch/collapsed-fetches.
 */
import { LRUCache } from 'lru-cache';
import type { ObjectIdentity } from '../../model/manifest.js';
import type { Clock } from '../../model/time.js';
import { responseKey } from '../../store/objects/keys.js';
import type { CacheEvents } from '../api/services.js';

/** URLs remembered; forgetting one costs a read or two that begin by range. */
const MAX_URLS = 10_000;

/** How long after the last sighting one is remembered. */
const REMEMBER_MS = 60 * 60_000;

/** Origins that were warned about; beyond this many a warning may come twice. */
const MAX_TOLD = 256;

/**
 * Changes at one length within that time that make a URL unsteady. The first may be a real change.
 */
const SIGHTINGS = 2;

export class UnsteadyUrls {
  readonly #events: Pick<CacheEvents, 'warn'>;
  readonly #sightings: LRUCache<string, number>;
  readonly #warned: LRUCache<string, true>;

  constructor({
    clock,
    events,
  }: {
    readonly clock: Clock;
    readonly events: Pick<CacheEvents, 'warn'>;
  }) {
    this.#events = events;
    const age = { ttl: REMEMBER_MS, ttlResolution: 0, perf: { now: () => clock.monotonic() } };
    this.#sightings = new LRUCache({ max: MAX_URLS, ...age });
    this.#warned = new LRUCache({ max: MAX_TOLD, ...age });
  }

  /** An answer for `object` had another validator at the same length. */
  note({ origin, uri }: ObjectIdentity): void {
    const key = responseKey(origin, uri);
    const sightings = (this.#sightings.get(key) ?? 0) + 1;
    this.#sightings.set(key, sightings);
    if (sightings < SIGHTINGS || this.#warned.has(origin)) return;
    this.#warned.set(origin, true);
    const message = `origin ${origin}: responses of one URL have different validators at the same length; such URLs are read as one stream`;
    this.#events.warn('parts of different answers cannot be joined', new Error(message));
  }

  /** True if the URL's parts must not be requested one by one. */
  has(key: string): boolean {
    return (this.#sightings.get(key) ?? 0) >= SIGHTINGS;
  }
}
