/**
 * Remembers unsteady URLs: their answers have different validators at the same length, because
 * several nodes behind one name each generate their own ETag or Last-Modified. Parts of two answers
 * cannot be joined, so such a URL is read as one stream of one answer. Owned by
 * cache/object/generations, read by cache/fetch/collapsed-fetches.
 */
import { LRUCache } from 'lru-cache';
import type { ObjectIdentity } from '../../model/manifest.js';
import type { Clock } from '../../model/time.js';
import { responseKey } from '../../store/objects/keys.js';
import type { CacheEvents } from '../api/services.js';

/** Most URLs remembered. Forgetting one costs a read or two that begin by range. */
const MAX_URLS = 10_000;

/** How long a URL is remembered after its last sighting. */
const REMEMBER_MS = 60 * 60_000;

/** Most origins remembered as warned about; with more of them a warning may be logged twice. */
const MAX_WARNED = 256;

/** Sightings that make a URL unsteady. A single one may be a real change of the object. */
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
    this.#warned = new LRUCache({ max: MAX_WARNED, ...age });
  }

  /** Records that an answer for this object had another validator at the same length. */
  note({ origin, uri }: ObjectIdentity): void {
    const key = responseKey(origin, uri);
    const sightings = (this.#sightings.get(key) ?? 0) + 1;
    this.#sightings.set(key, sightings);
    if (sightings < SIGHTINGS || this.#warned.has(origin)) return;
    this.#warned.set(origin, true);
    const message = `origin ${origin} sends different validators at the same length for one URL; such URLs are read as one stream`;
    this.#events.warn('parts of different answers cannot be joined', new Error(message));
  }

  /** True for a URL that must be read as one stream, not by range. */
  has(key: string): boolean {
    return (this.#sightings.get(key) ?? 0) >= SIGHTINGS;
  }
}
