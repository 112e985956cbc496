/**
 * One configured origin: maps request targets to URIs, selects the fields of requests, remembers
 * where URIs redirect to, and owns the origin's breaker. Built by upstreams; used by the rooms
 * `cache` and `hub` on the main thread.
 */
import { PathTable } from '../config/path-pattern.js';
import type { Digest } from '../model/digest.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import type { Hop } from '../model/redirect-chain.js';
import type { Clock } from '../model/time.js';
import type { OriginReach, Reach } from '../model/reach.js';
import { CircuitBreaker } from './breaker.js';
import { forwardedFields, passedFields } from './forward.js';
import { hopOf, type HopTimes } from './hop.js';
import { type Location, Locations } from './locations.js';
import { RangeFaults } from './range-faults.js';
import { Ways } from './reach.js';
import { followRedirect, leadOf, MAX_REDIRECT_HOPS, type RedirectDecision } from './redirect.js';
import {
  hashOf,
  isCredential,
  isHarmless,
  isIncidental,
  isSentElsewhere,
  isToldApart,
} from './request-fields.js';
import { placeOf } from './signed-url.js';
import { RedirectWalk } from './redirect-walk.js';

export interface UpstreamOptions {
  readonly name: string;
  /** Base URL without trailing slash. */
  readonly url: string;
  readonly maxConnections: number;
  readonly redirectHosts: readonly string[];
  readonly allowPrivateRedirects: boolean;
  /** Configured request fields, lower-case names, secrets read. */
  readonly headers: Readonly<Record<string, string>>;
  /** Proxies and certificates; absent: no proxy, default certificates. */
  readonly reach?: OriginReach;
  readonly integrity: 'default' | 'strict';
  /** Path patterns of objects that are evicted last. */
  readonly pinned: readonly string[];
  readonly digests: readonly { readonly pattern: string; readonly digest: Digest }[];
  /** Forebay's Via member, `1.1 <pseudonym>`: unique to this process, so that it detects loops. */
  readonly via: string;
  readonly clock: Clock;
}

export class Upstream {
  readonly name: string;
  readonly maxConnections: number;
  readonly integrity: 'default' | 'strict';
  readonly breaker: CircuitBreaker;
  readonly rangeFaults: RangeFaults;
  readonly #options: UpstreamOptions;
  readonly #ways: Ways;
  readonly #digests: PathTable<Digest>;
  readonly #pinned: PathTable<true>;
  readonly #locations = new Locations();

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#ways = new Ways(options.url, options.reach);
    this.#digests = new PathTable(options.digests.map(({ pattern, digest }) => [pattern, digest]));
    this.#pinned = new PathTable(options.pinned.map((pattern) => [pattern, true]));
    this.name = options.name;
    this.maxConnections = options.maxConnections;
    this.integrity = options.integrity;
    this.breaker = new CircuitBreaker(options.clock);
    this.rangeFaults = new RangeFaults(options.clock);
  }

  /** Returns the URI of a request target (path below the mount, with query): the cache's key. */
  uriOf(requestTarget: string): string {
    return this.#options.url + requestTarget;
  }

  /** Inverse of `uriOf`; `undefined` for a URI that is not (or no longer) below the origin's. */
  targetOf(uri: string): string | undefined {
    const { url } = this.#options;
    const target = uri.slice(url.length);
    return uri.startsWith(url) && target.startsWith('/') ? target : undefined;
  }

  /** Returns the configured digest of the first pattern that matches; `null` without one. */
  pinnedDigest(requestTarget: string): Digest | null {
    return this.#digests.find(requestTarget) ?? null;
  }

  /** True when the configuration pins the object at `uri`, so that it is evicted last. */
  isPinned(uri: string): boolean {
    return this.#pinned.find(uri.slice(this.#options.url.length)) ?? false;
  }

  /** Returns URL and fields of a request that is passed through to the origin, any method. */
  passTarget(
    requestTarget: string,
    method: string,
    request: HeaderMap,
  ): Pick<FetchUrl, 'url' | 'headers'> {
    const { headers, via } = this.#options;
    const fields = passedFields(method, request, via);
    return { url: this.uriOf(requestTarget), headers: { ...fields, ...headers } };
  }

  /** Returns proxy and certificates for `url`, of this origin or of a host it redirects to. */
  wayTo(url: string): Reach | undefined {
    return this.#ways.to(url);
  }

  /** Classifies a URL by whether redirects may lead to it (origin/redirect). */
  leadsTo(url: URL): 'own' | 'allowed' | 'elsewhere' {
    const { url: originUrl, redirectHosts } = this.#options;
    return leadOf(url, { originUrl, redirectHosts });
  }

  /** Decides on a redirect of this origin; `hopsLeft` may be followed, this one included. */
  follow(from: FetchUrl, head: OriginHead, hopsLeft: number): RedirectDecision {
    const { url: originUrl, redirectHosts, allowPrivateRedirects, headers } = this.#options;
    const credentialHeaders = Object.keys(headers);
    const policy = { originUrl, redirectHosts, allowPrivateRedirects, credentialHeaders };
    return followRedirect(from, head, { ...policy, hopsLeft });
  }

  /** Returns the locator of `uri` for a request with these fields. */
  source(uri: string, request: HeaderMap): OriginLocator {
    return new OriginLocator(this, this.#options, uri, request, this.#locations);
  }
}

/** Most refusals of redirected locations that one request treats as expired signatures. */
const MAX_REFUSALS = 5;

/** A client's cache directives apply to its own request, not to further fetches of the object. */
const CACHE_DIRECTIVES: ReadonlySet<string> = new Set(['cache-control', 'pragma']);

/**
 * Locates an object for one request: its fields, and the redirects followed on its behalf. The
 * first fetch follows redirects by a `RedirectWalk` (`walk`); further fetches of the known object
 * use the location where it was found (`target`).
 */
export class OriginLocator {
  readonly upstream: Upstream;
  readonly uri: string;
  readonly #options: UpstreamOptions;
  readonly #request: HeaderMap;
  readonly #locations: Locations;
  #knownKey: string | undefined;
  #refusals = 0;
  #isRefused = false;

  constructor(
    upstream: Upstream,
    options: UpstreamOptions,
    uri: string,
    request: HeaderMap,
    locations: Locations,
  ) {
    this.upstream = upstream;
    this.uri = uri;
    this.#options = options;
    this.#request = request;
    this.#locations = locations;
  }

  /** Computed on demand. A redirect may depend on any field: only equal requests share one. */
  get #key(): string {
    this.#knownKey ??= `${hashOf(this.#sentFields((name) => !isIncidental(name)))} ${this.uri}`;
    return this.#knownKey;
  }

  /** True once the origin itself refused this request: repeating it would be useless. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** A hash of the request's credentials, to compare them without keeping them; '' without any. */
  get credentialKey(): string {
    const secrets = this.#sentFields(isCredential);
    return secrets.length === 0 ? '' : hashOf(secrets);
  }

  /** Names of the client's fields that the origin gets and that may identify the client. */
  get shown(): readonly string[] {
    return this.#sentFields((name) => !isHarmless(name)).map(([name]) => name);
  }

  /**
   * Returns the target of a fetch of a known object, with the client's end-to-end fields (RFC 9110
   * section 7.6) but its cache directives; a host other than the origin gets only those that select
   * a representation. `place`: where the object was found. `traceparent`: Forebay's span.
   */
  target(place?: string, traceparent?: string): FetchUrl {
    const fields = forwardedFields(this.#request);
    for (const name of CACHE_DIRECTIVES) Reflect.deleteProperty(fields, name);
    if (traceparent !== undefined) fields['traceparent'] = traceparent;
    const nowMs = this.#options.clock.now();
    return this.#targetAt(this.#locations.find(this.#key, place, nowMs), fields);
  }

  /** True when `target` is a location of `place`, with any signature. */
  isAt(target: FetchUrl, place: string): boolean {
    return target.url !== this.uri && placeOf(new URL(target.url)) === place;
  }

  /**
   * Returns a walk for a new request. It starts at the last location if `mayReuse` returns true for
   * the redirects to it, else at the URI.
   */
  walk(mayReuse: (hops: readonly Hop[]) => boolean): RedirectWalk {
    const last = this.#locations.find(this.#key, undefined, this.#options.clock.now());
    // The key omits some fields. Where a Vary names one of them, the location cannot be reused.
    const isKeyed = last?.chain.hops.every(({ headers }) => isToldApart(headers)) === true;
    const from = isKeyed && mayReuse(last.chain.hops) ? last : undefined;
    return new RedirectWalk(from, {
      target: (location) => this.#targetAt(location, forwardedFields(this.#request)),
      redirected: (known, ...answer) => this.#follow(known, ...answer),
      refused: (target) => this.refused(target),
    });
  }

  /** Follows the redirect `head`, the response to `from`; throws if it must not be followed. */
  redirected(from: FetchUrl, head: OriginHead, times: HopTimes): void {
    // Hops count along one chain only: a long read meets many separate redirects.
    const last = this.#locations.last(this.#key);
    this.#follow(last?.to.url === from.url ? last : undefined, from, head, times);
  }

  /**
   * Handles a 401 or 403 from `target` and forgets it. Returns true for a redirected location, up
   * to `MAX_REFUSALS`: its signature may have expired, so a request to the origin may succeed.
   * `place`: the argument that `target` was made with.
   */
  refused(target: FetchUrl, place?: string): boolean {
    const redirected = target.url !== this.uri && this.#refusals < MAX_REFUSALS;
    this.#locations.forget(this.#key, target.url, place);
    this.#refusals += 1;
    this.#isRefused ||= !redirected;
    return redirected;
  }

  #follow(
    known: Location | undefined,
    from: FetchUrl,
    head: OriginHead,
    times: HopTimes,
  ): Location {
    const { clock } = this.#options;
    const hops = known?.chain.hops ?? [];
    const decision = this.upstream.follow(from, head, MAX_REDIRECT_HOPS - hops.length);
    if (decision.kind === 'refuse') {
      // The next walk must not start at the location whose redirect was refused.
      this.#locations.forget(this.#key, from.url, undefined);
      throw decision.error;
    }
    const { url, addresses, expiresAtMs } = decision.target;
    const shown = known?.elsewhere === true ? [] : this.shown;
    const location: Location = {
      to: { url, addresses, expiresAtMs },
      elsewhere: new URL(url).origin !== new URL(this.uri).origin,
      chain: { hops: [...hops, hopOf(head, times, shown)], place: placeOf(new URL(url)) },
      learntAtMs: clock.now(),
    };
    this.#locations.learn(this.#key, location);
    return location;
  }

  #targetAt(location: Location | undefined, fields: Readonly<Record<string, string>>): FetchUrl {
    const via = this.#via();
    if (location?.elsewhere === true) {
      const harmless = Object.entries(fields).filter(([name]) => isSentElsewhere(name));
      return this.#withReach({ ...location.to, headers: { ...Object.fromEntries(harmless), via } });
    }
    const here = { url: this.uri, addresses: 'any', expiresAtMs: null } as const;
    const headers = { ...fields, ...this.#options.headers, via };
    return this.#withReach({ ...(location?.to ?? here), headers });
  }

  #withReach(target: FetchUrl): FetchUrl {
    const reach = this.upstream.wayTo(target.url);
    return reach === undefined ? target : { ...target, reach };
  }

  /** Returns the client's fields that the origin gets and `isSelected` accepts, sorted by name. */
  #sentFields(isSelected: (name: string) => boolean): readonly (readonly [string, string])[] {
    const { headers } = this.#options;
    return Object.entries(forwardedFields(this.#request))
      .filter(([name]) => isSelected(name) && !Object.hasOwn(headers, name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Returns the client's Via with Forebay's member appended (RFC 9110 section 7.6.3). */
  #via(): string {
    const { via } = this.#options;
    const before = headerValue(this.#request, 'via');
    return before === undefined ? via : `${before}, ${via}`;
  }
}
