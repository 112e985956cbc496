/**
 * Invalidation by unsafe requests (RFC 9111 section 4.4). It also keeps the answer of an earlier
 * fetch from being stored after the invalidation. Cache owns it; origin fetches check it before
 * they store.
 */
import { LRUCache } from 'lru-cache';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import type { ResponseKey } from '../../model/ids.js';
import { fieldUri } from '../../model/uri.js';
import type { PurgePlace, Purges } from './purges.js';

/** URLs remembered as invalidated: more than are requested while one origin fetch runs. */
const MAX_REMEMBERED = 10_000;

/**
 * Returns the URIs that a successful unsafe request to `targetUri` invalidates: the target's own,
 * and those in Location and Content-Location if they have the same scheme, host and port. Empty for
 * an error status: the request may have changed nothing.
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

/** The invalidations and purges that came before a request was sent. */
export interface Epoch {
  readonly invalidated: number;
  readonly purged: number;
}

/**
 * A request that was sent before an invalidation may be answered after it, with the replaced
 * content. So every URL has an epoch, and a response to a request of one epoch must not be stored
 * in the next. A purge (cache/api/purges) begins an epoch of all URLs that it selects.
 */
export class Invalidations {
  readonly #purges: Purges;
  readonly #epochs = new LRUCache<ResponseKey, number>({ max: MAX_REMEMBERED });
  #last = 0;

  constructor(purges: Purges) {
    this.#purges = purges;
  }

  /**
   * Returns the epoch of a request for `key` that is sent now. It changes with each invalidation of
   * `key` and each purge of anything, and requests of different epochs are not collapsed.
   */
  epochOf(key: ResponseKey): Epoch {
    return { invalidated: this.#epochs.get(key) ?? 0, purged: this.#purges.epoch };
  }

  /** True when the answer to a request of this epoch may be stored, and shared with others now. */
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
