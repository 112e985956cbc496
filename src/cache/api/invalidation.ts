/**
 * What an unsafe request makes invalid (RFC 9111 section 4.4), and which earlier fetches must not
 * store their responses any more. Owned by Cache; origin fetches check it before they store.
 */
import { LRUCache } from 'lru-cache';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import type { ResponseKey } from '../../model/ids.js';
import { fieldUri } from '../../model/uri.js';
import type { PurgePlace, Purges } from './purges.js';

/** URLs remembered as invalidated: more than are requested while one origin fetch runs. */
const MAX_REMEMBERED = 10_000;

/**
 * The URIs that a successful unsafe request to `targetUri` invalidates: the target's own, and those
 * in Location and Content-Location if they are of the same origin (scheme, host and port). Empty
 * for an error status: the request may have changed nothing.
 */
export function invalidatedUris(
  targetUri: string,
  status: number,
  response: HeaderMap,
): readonly string[] {
  if (status < 200 || status > 399) return [];
  const named = ['location', 'content-location'].flatMap((name) => {
    const field = headerValue(response, name);
    const value = field === undefined ? undefined : fieldUri(field);
    if (value === undefined || !URL.canParse(value, targetUri)) return [];
    const uri = new URL(value, targetUri);
    uri.hash = '';
    return uri.origin === new URL(targetUri).origin ? [uri.href] : [];
  });
  return [...new Set([targetUri, ...named])];
}

/** When a request was sent, as far as that decides about its answer. */
export interface Epoch {
  readonly invalidated: number;
  readonly purged: number;
}

/**
 * A request that was sent before an invalidation may be answered after it, with the content that
 * was just replaced. Every URL has an epoch, which an invalidation raises; a fetch may store only
 * in the epoch in which it began. A purge (cache/api/purges) begins an epoch for everything that it
 * covers.
 */
export class Invalidations {
  readonly #purges: Purges;
  readonly #epochs = new LRUCache<ResponseKey, number>({ max: MAX_REMEMBERED });
  #last = 0;

  constructor(purges: Purges) {
    this.#purges = purges;
  }

  /** The epoch of `key` now. Requests of different epochs are not collapsed. */
  epochOf(key: ResponseKey): Epoch {
    return { invalidated: this.#epochs.get(key) ?? 0, purged: this.#purges.epoch };
  }

  /**
   * True while no invalidation or purge has overtaken `epoch`: its response may be stored and
   * shared.
   */
  isCurrent(key: ResponseKey, place: PurgePlace, { invalidated, purged }: Epoch): boolean {
    const last = this.#epochs.get(key) ?? 0;
    return last === invalidated && this.#purges.spares(place, purged);
  }

  /** Begins a new epoch of `key`. */
  invalidate(key: ResponseKey): void {
    this.#last += 1;
    this.#epochs.set(key, this.#last);
  }
}
