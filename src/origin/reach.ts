/**
 * Selects the proxy and the certificates for each URL of an origin. `Upstream` does so on the main
 * thread; the clients apply the result through origin/connect.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { OriginReach, ProxyAddress, Reach } from '../model/reach.js';
import { isExempt } from './no-proxy.js';

/** Most hosts per origin whose `Reach` is remembered: a CDN has a few. */
const MAX_KNOWN = 256;

/** The proxies and certificates of one origin and of the hosts that it redirects to. */
export class Ways {
  readonly #reach: OriginReach | null;
  readonly #ownOrigin: string;
  readonly #known = new LRUCache<string, { readonly reach: Reach | null }>({ max: MAX_KNOWN });

  /** `url`: the origin's own. Only its scheme, host and port get the client certificate. */
  constructor(url: string, reach: OriginReach | undefined) {
    this.#reach = reach ?? null;
    this.#ownOrigin = new URL(url).origin;
  }

  /** Returns the proxy and certificates for `url`; `undefined`: no proxy, default certificates. */
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
    const tls = url.origin === this.#ownOrigin ? all : { ...all, cert: null, key: null };
    if (proxy === null && Object.values(tls).every((pem) => pem === null)) return null;
    const key = createHash('sha256')
      .update(JSON.stringify([proxy, tls]))
      .digest('hex');
    return { proxy, tls, key };
  }
}

/**
 * Returns the proxy that gets a request for `url` itself, in absolute-form (RFC 9112 section
 * 3.2.2); `null` where there is none. Only for http: an https request goes through a tunnel, and
 * the proxy does not see it.
 */
export function requestedProxy(url: string, reach: Reach | undefined): ProxyAddress | null {
  return url.startsWith('http:') ? (reach?.proxy ?? null) : null;
}
