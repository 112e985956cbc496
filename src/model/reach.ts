/**
 * How a host is reached: through which forward proxy, and with which certificates. Plain data, made
 * by config and origin/reach on the main thread; it travels to worker threads with a `FetchUrl`.
 */

/** A forward proxy. */
export interface ProxyAddress {
  /**
   * `http://proxy.example:3128`: without path and userinfo. Https means TLS to the proxy itself.
   */
  readonly url: string;
  /** Value of Proxy-Authorization (RFC 9110 section 11.7.2); `null` without credentials. Secret. */
  readonly authorization: string | null;
  /** What named it, for messages: `origins[0].proxy`, `HTTPS_PROXY`. */
  readonly setting: string;
}

/** Certificates in PEM, in addition to the trusted ones. The key is secret. */
export interface TlsMaterial {
  /** Certificates to trust too. */
  readonly ca: string | null;
  /** The client's certificate, and those between it and its root. */
  readonly cert: string | null;
  readonly key: string | null;
}

/** How one host is reached. */
export interface Reach {
  readonly proxy: ProxyAddress | null;
  readonly tls: TlsMaterial;
  /** Differs wherever anything of the others does, and reveals nothing of it. */
  readonly key: string;
}

/** How an origin, and the targets of its redirects, are reached. Made by config/load. */
export interface OriginReach {
  /** By the scheme of the requested URL. */
  readonly proxies: { readonly http: ProxyAddress | null; readonly https: ProxyAddress | null };
  /** Hosts that no proxy is used for, as in NO_PROXY; `null`: the proxy is used for every host. */
  readonly noProxy: string | null;
  readonly tls: TlsMaterial;
}
