/**
 * One configured origin as the cache sees it: which URI a request names, which fields go with it,
 * where the URI currently lives after redirects, and whether asking makes sense now (breaker).
 * Built by assemble.ts; used by the rooms `cache` and `hub` on the main thread.
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
  /** The ways to it; absent: straight. */
  readonly reach?: OriginReach;
  readonly integrity: 'default' | 'strict';
  /** Path patterns of objects that are evicted last. */
  readonly pinned: readonly string[];
  readonly digests: readonly { readonly pattern: string; readonly digest: Digest }[];
  /** Our Via member, `1.1 <pseudonym>`: unique to this process, so that loops are seen. */
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

  /** Absolute URI of a request target (path below the mount, with query): the cache's key. */
  uriOf(requestTarget: string): string {
    return this.#options.url + requestTarget;
  }

  /** The inverse; `undefined` for a URI that is not below this origin's URL (any more). */
  targetOf(uri: string): string | undefined {
    const { url } = this.#options;
    const target = uri.slice(url.length);
    return uri.startsWith(url) && target.startsWith('/') ? target : undefined;
  }

  /** The digest pinned for a request target: that of the first pattern that fits. */
  pinnedDigest(requestTarget: string): Digest | null {
    return this.#digests.find(requestTarget) ?? null;
  }

  /** True when the configuration pins the object at `uri` against eviction. */
  isPinned(uri: string): boolean {
    return this.#pinned.find(uri.slice(this.#options.url.length)) ?? false;
  }

  /** Where a request goes that is passed on with its method: the origin itself, and no redirect. */
  passTarget(
    requestTarget: string,
    method: string,
    request: HeaderMap,
  ): Pick<FetchUrl, 'url' | 'headers'> {
    const { headers, via } = this.#options;
    const fields = passedFields(method, request, via);
    return { url: this.uriOf(requestTarget), headers: { ...fields, ...headers } };
  }

  /** The way to `url`, which is this origin's or one that it redirects to. */
  wayTo(url: string): Reach | undefined {
    return this.#ways.to(url);
  }

  /** Whether redirects may lead to a URL. */
  leadsTo(url: URL): 'own' | 'allowed' | 'elsewhere' {
    const { url: originUrl, redirectHosts } = this.#options;
    return leadOf(url, { originUrl, redirectHosts });
  }

  /** The target of a redirect of this origin; `hopsLeft` more may follow (origin/redirect). */
  follow(from: FetchUrl, head: OriginHead, hopsLeft: number): RedirectDecision {
    const { url: originUrl, redirectHosts, allowPrivateRedirects, headers } = this.#options;
    const credentialHeaders = Object.keys(headers);
    const policy = { originUrl, redirectHosts, allowPrivateRedirects, credentialHeaders };
    return followRedirect(from, head, { ...policy, hopsLeft });
  }

  /** Where to fetch `uri` for a request with these fields. */
  source(uri: string, request: HeaderMap): OriginLocator {
    return new OriginLocator(this, this.#options, uri, request, this.#locations);
  }
}

/** Refusals of redirected locations that one request takes for an expired signature. */
const MAX_REFUSALS = 5;

/** Cache directives of a client concern its request, not the fetches that follow. */
const OF_THE_QUESTION: ReadonlySet<string> = new Set(['cache-control', 'pragma']);

/**
 * Locates an object for one request: its fields, and the redirects followed for it. A first fetch
 * walks from the URI; fetches of a known object go to the place where it was found.
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

  /** A redirect may depend on any field: only equal requests share one. A hit needs none. */
  get #key(): string {
    this.#knownKey ??= `${hashOf(this.#fieldsWhere((name) => !isIncidental(name)))} ${this.uri}`;
    return this.#knownKey;
  }

  /** True once the origin itself refused this request: asking on its behalf again is in vain. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Distinguishes credentials without storing them; empty without any. */
  get credentialKey(): string {
    const secrets = this.#fieldsWhere(isCredential);
    return secrets.length === 0 ? '' : hashOf(secrets);
  }

  /** Names of the client's fields that the origin sees and that may identify the client. */
  get shown(): readonly string[] {
    return this.#fieldsWhere((name) => !isHarmless(name)).map(([name]) => name);
  }

  /**
   * Where a fetch of a known object goes, and with what: all of the client's end-to-end fields (RFC
   * 9110 section 7.6), as its first fetch had them; another host gets nothing but what selects a
   * representation. `place`: where the object was found, absent where that does not matter.
   * `traceparent` names our span.
   */
  target(place?: string, traceparent?: string): FetchUrl {
    const fields = forwardedFields(this.#request);
    for (const name of OF_THE_QUESTION) Reflect.deleteProperty(fields, name);
    if (traceparent !== undefined) fields['traceparent'] = traceparent;
    return this.#aim(this.#locations.find(this.#key, place, this.#options.clock.now()), fields);
  }

  /** True when `target` leads to `place`, whatever its signature. */
  isAt(target: FetchUrl, place: string): boolean {
    return target.url !== this.uri && placeOf(new URL(target.url)) === place;
  }

  /**
   * A walk for a first fetch. It begins at the URI, or at the last place if `mayReuse` allows the
   * redirects that led there.
   */
  walk(mayReuse: (hops: readonly Hop[]) => boolean): RedirectWalk {
    const last = this.#locations.find(this.#key, undefined, this.#options.clock.now());
    // The key leaves some fields out, and a location is no answer to others that Vary names.
    const isKeyed = last?.chain.hops.every(({ headers }) => isToldApart(headers)) === true;
    const from = isKeyed && mayReuse(last.chain.hops) ? last : undefined;
    return new RedirectWalk(from, {
      target: (location) => this.#aim(location, forwardedFields(this.#request)),
      redirected: (known, ...answer) => this.#follow(known, ...answer),
      refused: (target) => this.refused(target),
    });
  }

  /** Follows the redirect in `head`, which a fetch from `from` met; throws if it may not be. */
  redirected(from: FetchUrl, head: OriginHead, times: HopTimes): void {
    // Hops count along one chain: a long read meets many redirects, one after another.
    const last = this.#locations.last(this.#key);
    this.#follow(last?.to.url === from.url ? last : undefined, from, head, times);
  }

  /**
   * The target refused the request (401, 403). True if it was a redirected location, which is
   * forgotten now: a signed URL that expired, so one new walk makes sense. `place`: the place that
   * `target` was requested for.
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
      // Where a chain went wrong is no place to begin the next one.
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

  #aim(location: Location | undefined, fields: Readonly<Record<string, string>>): FetchUrl {
    const via = this.#via();
    if (location?.elsewhere === true) {
      const harmless = Object.entries(fields).filter(([name]) => isSentElsewhere(name));
      return this.#by({ ...location.to, headers: { ...Object.fromEntries(harmless), via } });
    }
    const here = { url: this.uri, addresses: 'any', expiresAtMs: null } as const;
    const headers = { ...fields, ...this.#options.headers, via };
    return this.#by({ ...(location?.to ?? here), headers });
  }

  #by(target: FetchUrl): FetchUrl {
    const reach = this.upstream.wayTo(target.url);
    return reach === undefined ? target : { ...target, reach };
  }

  /** The client's fields that the origin is sent, sorted, of those whose names `isWanted` takes. */
  #fieldsWhere(isWanted: (name: string) => boolean): readonly (readonly [string, string])[] {
    const { headers } = this.#options;
    return Object.entries(forwardedFields(this.#request))
      .filter(([name]) => isWanted(name) && !Object.hasOwn(headers, name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Our member of Via after those of who forwarded the request to us (RFC 9110 section 7.6.3). */
  #via(): string {
    const { via } = this.#options;
    const before = headerValue(this.#request, 'via');
    return before === undefined ? via : `${before}, ${via}`;
  }
}
