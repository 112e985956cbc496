/**
 * How a host is reached: its forward proxy and certificates. Plain data, made by config and
 * origin/reach on the main thread, and cloned to worker threads with a `FetchUrl`.
 */

/** A forward proxy. */
export interface ProxyAddress {
  /**
   * For example `http://proxy.example:3128`, without path and userinfo. With https, the connection
   * to the proxy itself uses TLS.
   */
  readonly url: string;
  /** Value of Proxy-Authorization (RFC 9110 section 11.7.2); `null` without credentials. Secret. */
  readonly authorization: string | null;
  /** The setting or variable that names it, for messages: `origins[0].proxy`, `HTTPS_PROXY`. */
  readonly setting: string;
}

/** Certificates in PEM. The key is secret. */
export interface TlsMaterial {
  /** Certificates to trust in addition to the default ones. */
  readonly ca: string | null;
  /** The client's certificate, and those between it and its root. */
  readonly cert: string | null;
  readonly key: string | null;
}

/** How one host is reached. */
export interface Reach {
  readonly proxy: ProxyAddress | null;
  readonly tls: TlsMaterial;
  /** A key that differs if any other member differs, and that reveals no secret. */
  readonly key: string;
}

/** How an origin, and the hosts that it redirects to, are reached. Made by config/load. */
export interface OriginReach {
  /** By the scheme of the requested URL. */
  readonly proxies: { readonly http: ProxyAddress | null; readonly https: ProxyAddress | null };
  /** Hosts reached without proxy, as in NO_PROXY; `null`: the proxy is used for every host. */
  readonly noProxy: string | null;
  readonly tls: TlsMaterial;
}
