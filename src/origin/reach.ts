/**
 * Which way leads to one URL of an origin: through its proxy or straight, with which certificates.
 * Made on the main thread by `Upstream`; the clients follow it by origin/connect.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { OriginReach, ProxyAddress, Reach } from '../model/reach.js';
import { isExempt } from './no-proxy.js';

/** Hosts whose way is remembered of one origin: a content network has a few. */
const MAX_WAYS = 256;

/** The ways of one origin. */
export class Ways {
  readonly #reach: OriginReach | null;
  readonly #own: string;
  readonly #known = new LRUCache<string, { readonly reach: Reach | null }>({ max: MAX_WAYS });

  /**
   * `url`: the origin's own; its scheme, host and port alone are shown the client's certificate.
   */
  constructor(url: string, reach: OriginReach | undefined) {
    this.#reach = reach ?? null;
    this.#own = new URL(url).origin;
  }

  /** The way to `url`; `undefined`: a direct connection with the default certificates. */
  to(url: string): Reach | undefined {
    const { origin } = new URL(url);
    let known = this.#known.get(origin);
    if (known === undefined) {
      known = { reach: this.#make(new URL(origin)) };
      this.#known.set(origin, known);
    }
    return known.reach ?? undefined;
  }

  #make(url: URL): Reach | null {
    if (this.#reach === null) return null;
    const { proxies, noProxy, tls: all } = this.#reach;
    const named = url.protocol === 'https:' ? proxies.https : proxies.http;
    const proxy = noProxy !== null && isExempt(url, noProxy) ? null : named;
    const tls = url.origin === this.#own ? all : { ...all, cert: null, key: null };
    if (proxy === null && Object.values(tls).every((pem) => pem === null)) return null;
    const key = createHash('sha256')
      .update(JSON.stringify([proxy, tls]))
      .digest('hex');
    return { proxy, tls, key };
  }
}

/**
 * The proxy that a request for `url` is itself sent to, in absolute-form (RFC 9112 section 3.2.2):
 * http alone. For https it passes bytes, and hears of no request.
 */
export function requestedProxy(url: string, reach: Reach | undefined): ProxyAddress | null {
  return url.startsWith('http:') ? (reach?.proxy ?? null) : null;
}
