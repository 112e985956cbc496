/**
 * One configured origin as the cache sees it: which URI a request names, which fields go with it,
 * where the URI currently lives after redirects, and whether asking makes sense now (breaker).
 * Built by assemble.ts; used by cache/contact and cache/fill on the main thread.
 */
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { matchesGlob } from '../config/glob.js';
import type { Digest } from '../model/digest.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { FetchTarget, OriginHead } from '../model/fetch.js';
import type { Clock } from '../model/time.js';
import { TRACE_FIELDS } from '../model/trace-context.js';
import { CircuitBreaker } from './breaker.js';
import { forwardedFields, passedFields } from './forward.js';
import { RangeFaults } from './range-faults.js';

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

/** Tried at least this long, so that a request which was just redirected does use the location. */
const MIN_LOCATION_MS = 5_000;

/** Refusals of redirected locations that one request takes for an expired signature. */
const MAX_REFUSALS = 5;

/** The client's fields that another host than the origin gets. */
const SENT_ELSEWHERE: ReadonlySet<string> = new Set(['accept', 'accept-language', 'user-agent']);

/** Fields that tell clients or requests apart but not what a redirect leads to. */
const UNKEYED: ReadonlySet<string> = new Set([
  'cache-control',
  'pragma',
  'user-agent',
  'x-request-id',
  ...TRACE_FIELDS,
]);

/** Where a URI was redirected to, without the fields of whoever was told. */
interface Location {
  readonly place: Omit<FetchTarget, 'headers'>;
  /** True when it is not the origin's own scheme, host and port. */
  readonly elsewhere: boolean;
  readonly untilMs: number;
  /** Redirects that led here. */
  readonly hops: number;
  /** What they said of caching, in their order: of what they led to it is the URL's word too. */
  readonly said: readonly HeaderMap[];
}

/** A redirect may depend on any field that was sent: only equal requests share one. */
function locationKey(request: HeaderMap): string {
  const fields = Object.entries(forwardedFields(request, 'all')).filter(
    ([name]) => !UNKEYED.has(name),
  );
  return createHash('sha256').update(JSON.stringify(fields.sort())).digest('hex');
}

/** The fields in which a response says who may store it. */
function cachingFields(headers: HeaderMap): HeaderMap {
  const fields = emptyHeaders();
  for (const name of ['cache-control', 'cdn-cache-control']) {
    const value = headerValue(headers, name);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

export class Upstream {
  readonly name: string;
  readonly maxConnections: number;
  readonly integrity: 'default' | 'strict';
  readonly breaker: CircuitBreaker;
  readonly rangeFaults: RangeFaults;
  readonly #options: UpstreamOptions;
  readonly #locations = new LRUCache<string, Location>({
    max: MAX_LOCATIONS,
  });

  constructor(options: UpstreamOptions) {
    this.#options = options;
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

  /** Where a request goes that is passed on with its method: the origin itself, and no redirect. */
  passTarget(
    requestTarget: string,
    method: string,
    request: HeaderMap,
  ): Pick<FetchTarget, 'url' | 'headers'> {
    const { headers, via } = this.#options;
    const fields = passedFields(method, request, via);
    return { url: this.uriOf(requestTarget), headers: { ...fields, ...headers } };
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
  readonly #locations: LRUCache<string, Location>;
  #knownKey: string | undefined;
  #refusals = 0;
  #isRefused = false;

  constructor(
    upstream: Upstream,
    options: UpstreamOptions,
    uri: string,
    request: HeaderMap,
    locations: LRUCache<string, Location>,
  ) {
    this.upstream = upstream;
    this.uri = uri;
    this.#options = options;
    this.#request = request;
    this.#locations = locations;
  }

  /** Made when it is first asked for: a hit fetches nothing. */
  get #key(): string {
    this.#knownKey ??= `${locationKey(this.#request)} ${this.uri}`;
    return this.#knownKey;
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

  /** Caching fields of the redirects that lead to the target now: none for the origin itself. */
  get redirectFields(): readonly HeaderMap[] {
    return this.#location()?.said ?? [];
  }

  /**
   * The target now: the origin itself, or where it last redirected. `whole` fetches carry the
   * client's end-to-end fields (RFC 9110 section 7.6), fills only credentials, the trace and `varied`
   * ones; another host gets nothing but what selects a representation. `traceparent` names our span.
   */
  target(
    purpose: 'whole' | 'fill',
    varied: readonly string[] = [],
    traceparent?: string,
  ): FetchTarget {
    const { headers } = this.#options;
    const fields = forwardedFields(this.#request, purpose === 'whole' ? 'all' : varied);
    if (traceparent !== undefined) fields['traceparent'] = traceparent;
    const location = this.#location();
    if (location?.elsewhere === true) {
      const harmless = Object.entries(fields).filter(([name]) => SENT_ELSEWHERE.has(name));
      return { ...location.place, headers: { ...Object.fromEntries(harmless), via: this.#via() } };
    }
    const here = { url: this.uri, addresses: 'any', expiresAtMs: null } as const;
    return { ...(location?.place ?? here), headers: { ...fields, ...headers, via: this.#via() } };
  }

  #location(): Location | undefined {
    const found = this.#locations.get(this.#key);
    return found !== undefined && found.untilMs > this.#options.clock.now() ? found : undefined;
  }

  /** Our member of Via after those of who forwarded the request to us (RFC 9110 section 7.6.3). */
  #via(): string {
    const before = headerValue(this.#request, 'via');
    return before === undefined ? this.#options.via : `${before}, ${this.#options.via}`;
  }

  /** Takes the redirect in `head`, answered to `from`; throws why it may not be followed. */
  redirected(from: FetchTarget, head: OriginHead): void {
    const { clock, url, redirectHosts, allowPrivateRedirects, headers } = this.#options;
    // Hops count along one chain: a long read meets many redirects, one after another.
    const known = this.#locations.get(this.#key);
    const isFirst = from.url === this.uri && known?.place.url !== this.uri;
    const hops = isFirst ? 0 : (known?.hops ?? 0);
    const decision = followRedirect(from, head, {
      originUrl: url,
      redirectHosts,
      allowPrivateRedirects,
      credentialHeaders: Object.keys(headers),
      hopsLeft: MAX_REDIRECT_HOPS - hops,
    });
    if (decision.kind === 'refuse') {
      // Where a chain went wrong is no place to begin the next one.
      this.#locations.delete(this.#key);
      throw decision.error;
    }
    const { url: to, addresses, expiresAtMs } = decision.target;
    const now = clock.now();
    const expiry = expiresAtMs === null ? Infinity : expiresAtMs - EXPIRY_MARGIN_MS;
    // Even one that seems to have expired is tried: the clock that is wrong may be ours.
    const untilMs = Math.max(now + MIN_LOCATION_MS, Math.min(expiry, now + LOCATION_LIFETIME_MS));
    const elsewhere = new URL(to).origin !== new URL(this.uri).origin;
    const place = { url: to, addresses, expiresAtMs };
    const said = [...(isFirst ? [] : (known?.said ?? [])), cachingFields(head.headers)];
    this.#locations.set(this.#key, { place, elsewhere, untilMs, hops: hops + 1, said });
  }

  /**
   * The target refused us (401, 403). True when it was a redirected location, now forgotten: a
   * signed URL that expired, so asking the origin again makes sense, once.
   */
  refused(target: FetchTarget): boolean {
    const redirected = target.url !== this.uri && this.#refusals < MAX_REFUSALS;
    this.#locations.delete(this.#key);
    this.#refusals += 1;
    this.#isRefused ||= !redirected;
    return redirected;
  }
}
