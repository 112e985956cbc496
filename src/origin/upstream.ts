/**
 * One configured origin as the cache sees it: which URI a request names, which fields go with it,
 * where the URI currently lives after redirects, and whether asking makes sense now (breaker).
 * Built by assemble.ts; used by cache/contact and cache/fill on the main thread.
 */
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { matchesGlob } from '../config/glob.js';
import type { Digest } from '../model/digest.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { FetchTarget, OriginHead } from '../model/fetch.js';
import type { Clock } from '../model/time.js';
import { CircuitBreaker } from './breaker.js';
import { forwardedFields } from './forward.js';

import { followRedirect, MAX_REDIRECT_HOPS } from './redirect.js';

export interface UpstreamOptions {
  readonly name: string;
  /** Base URL without trailing slash. */
  readonly url: string;
  readonly maxConnections: number;
  readonly redirectHosts: readonly string[];
  readonly allowPrivateRedirects: boolean;
  /** Configured request fields, lower-case names, secrets read. */
  readonly headers: Readonly<Record<string, string>>;
  readonly integrity: 'default' | 'strict';
  /** Path patterns of objects that are evicted last. */
  readonly pinned: readonly string[];
  readonly digests: readonly { readonly pattern: string; readonly digest: Digest }[];
  /** Our Via member, `1.1 <pseudonym>`: unique to this process, so that loops are seen. */
  readonly via: string;
  readonly clock: Clock;
}

/** Redirected locations that are remembered of one origin. */
const MAX_LOCATIONS = 10_000;

/**
 * How long a redirect without a recognisable expiry is followed without asking again: long enough
 * for the fills of one read, short enough that a moved object is noticed.
 */
const LOCATION_LIFETIME_MS = 60_000;

/** A signed URL is not used in its last moments: the fetch it starts must begin before it expires. */
const EXPIRY_MARGIN_MS = 10_000;

export class Upstream {
  readonly name: string;
  readonly maxConnections: number;
  readonly integrity: 'default' | 'strict';
  readonly breaker: CircuitBreaker;
  readonly #options: UpstreamOptions;
  readonly #locations = new LRUCache<string, { target: FetchTarget; untilMs: number }>({
    max: MAX_LOCATIONS,
  });

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.name = options.name;
    this.maxConnections = options.maxConnections;
    this.integrity = options.integrity;
    this.breaker = new CircuitBreaker(options.clock);
  }

  /** Absolute URI of a request target (path below the mount, with query): the cache's key. */
  uriOf(requestTarget: string): string {
    return this.#options.url + requestTarget;
  }

  /** The digest that the configuration pins for a request target; the first pattern decides. */
  pinnedDigest(requestTarget: string): Digest | null {
    const path = requestTarget.split('?', 1)[0] ?? '';
    return this.#options.digests.find((pin) => matchesGlob(pin.pattern, path))?.digest ?? null;
  }

  /** True when the configuration pins the object at `uri` against eviction. */
  isPinned(uri: string): boolean {
    const path = uri.slice(this.#options.url.length).split('?', 1)[0] ?? '';
    return this.#options.pinned.some((pattern) => matchesGlob(pattern, path));
  }

  /** Where to fetch `uri` for a request with these fields. */
  source(uri: string, request: HeaderMap): TargetSource {
    return new TargetSource(this, this.#options, uri, request, this.#locations);
  }
}

/** One request's way to an object: its fields, and the redirects followed on its behalf. */
export class TargetSource {
  readonly upstream: Upstream;
  readonly uri: string;
  readonly #options: UpstreamOptions;
  readonly #request: HeaderMap;
  readonly #locations: LRUCache<string, { target: FetchTarget; untilMs: number }>;
  readonly #key: string;
  #hops = 0;
  #isRefused = false;

  constructor(
    upstream: Upstream,
    options: UpstreamOptions,
    uri: string,
    request: HeaderMap,
    locations: LRUCache<string, { target: FetchTarget; untilMs: number }>,
  ) {
    this.upstream = upstream;
    this.uri = uri;
    this.#options = options;
    this.#request = request;
    this.#locations = locations;
    this.#key = `${this.credentialKey} ${uri}`;
  }

  /** True once the origin itself refused this request: asking on its behalf again is in vain. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Tells requests with different credentials apart without keeping them; empty without any. */
  get credentialKey(): string {
    const secrets = ['authorization', 'cookie'].map((name) => headerValue(this.#request, name));
    if (secrets.every((secret) => secret === undefined)) return '';
    return createHash('sha256').update(JSON.stringify(secrets)).digest('hex');
  }

  /**
   * The target now: the origin itself, or where it last redirected. `whole` fetches carry the
   * client's end-to-end fields (RFC 9110 section 7.6), fills only credentials and `varied` ones.
   */
  target(purpose: 'whole' | 'fill', varied: readonly string[] = []): FetchTarget {
    const located = this.#locations.get(this.#key);
    if (located !== undefined && located.untilMs > this.#options.clock.now()) return located.target;
    return {
      url: this.uri,
      headers: {
        ...forwardedFields(this.#request, purpose === 'whole' ? 'all' : varied),
        ...this.#options.headers,
        via: this.#options.via,
      },
      addresses: 'any',
      expiresAtMs: null,
    };
  }

  /** Takes the redirect in `head`, answered to `from`; throws why it may not be followed. */
  redirected(from: FetchTarget, head: OriginHead): void {
    const { clock, url, redirectHosts, allowPrivateRedirects, headers } = this.#options;
    const decision = followRedirect(from, head, {
      originUrl: url,
      redirectHosts,
      allowPrivateRedirects,
      credentialHeaders: Object.keys(headers),
      hopsLeft: MAX_REDIRECT_HOPS - this.#hops,
    });
    this.#hops += 1;
    if (decision.kind === 'refuse') throw decision.error;
    const { target } = decision;
    const expiry = target.expiresAtMs === null ? Infinity : target.expiresAtMs - EXPIRY_MARGIN_MS;
    const untilMs = Math.min(expiry, clock.now() + LOCATION_LIFETIME_MS);
    this.#locations.set(this.#key, { target, untilMs });
  }

  /**
   * The target refused us (401, 403). True when it was a redirected location, now forgotten: a
   * signed URL that expired, so asking the origin again makes sense, once.
   */
  refused(target: FetchTarget): boolean {
    const redirected = target.url !== this.uri && this.#hops <= MAX_REDIRECT_HOPS;
    this.#locations.delete(this.#key);
    this.#hops += 1;
    this.#isRefused ||= !redirected;
    return redirected;
  }
}
