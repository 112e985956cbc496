/**
 * RFC 9111 for a redirect chain and the response at its end: the shortest lifetime, the greatest
 * age, the union of the demands, and the header fields that describe the chain to clients. Pure;
 * used by policy, select, assess and representations.
 */
import { trimOws } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { Hop } from '../../model/redirect-chain.js';
import { namedByVary } from '../../model/vary.js';
import { type Directives, responseDirectives } from './directives.js';
import { ageAt, freshnessOf, type Received } from './freshness.js';

/** A response with the redirects that led to it: any `StoredResponse` is one. */
export interface Led extends Received {
  readonly hops: readonly Hop[];
}

/** In seconds, not rounded. */
export interface ChainTimes {
  /** Of the oldest. */
  readonly ageSeconds: number;
  /** Of the one that is stale first; negative once it is. */
  readonly ttlSeconds: number;
}

/** All that was answered on the way, first to last: the response itself is the last. */
export function linksOf<L extends Pick<Received, 'status' | 'headers'>>(
  response: L & { readonly hops: readonly Hop[] },
): readonly (L | Hop)[] {
  return [...response.hops, response];
}

/** The directives of all of them. */
export function directivesOf(response: Pick<Led, 'status' | 'headers' | 'hops'>): Directives[] {
  return linksOf(response).map(({ headers }) => responseDirectives(headers));
}

/**
 * Age and remaining lifetime of the chain (section 4.2); `steadyMs` as in model/steady-time. A
 * redirect without a lifetime has none.
 */
export function timesAt(response: Led, steadyMs: number): ChainTimes {
  const own = timesOf(response, steadyMs);
  return response.hops
    .map((hop) => timesOf(hop, steadyMs))
    .reduce(
      (all, one) => ({
        ageSeconds: Math.max(all.ageSeconds, one.ageSeconds),
        ttlSeconds: Math.min(all.ttlSeconds, one.ttlSeconds),
      }),
      own,
    );
}

/** The fields that any of them varies on (section 4.1), lower case; `any` for `*`. */
export function variedFields({
  headers,
  hops,
}: Pick<Led, 'headers' | 'hops'>): readonly string[] | 'any' {
  const names = new Set<string>();
  for (const said of [...hops.map((hop) => hop.headers), headers]) {
    const named = namedByVary(said);
    if (named === 'any') return 'any';
    for (const name of named) names.add(name);
  }
  return [...names];
}

/** True for a redirect that was sent nothing that identifies the client. */
export function isPlain({ shown }: Hop): boolean {
  return shown.length === 0;
}

/**
 * True if the redirects may be followed for another request without asking again (sections 3 and
 * 4).
 */
export function mayReuse(hops: readonly Hop[], steadyMs: number): boolean {
  return hops.every((hop) => {
    const said = responseDirectives(hop.headers);
    if (said.has('no-store') || said.isUnqualified('private')) return false;
    return !said.isUnqualified('no-cache') && timesOf(hop, steadyMs).ttlSeconds > 0;
  });
}

/**
 * `headers` for clients, who see one response instead of a chain: the Vary of all hops, and the
 * strictest Cache-Control.
 */
export function chainFields(headers: HeaderMap, response: Led): HeaderMap {
  if (response.hops.length === 0) return headers;
  const result = emptyHeaders();
  Object.assign(result, headers);
  const vary = new Set(
    linksOf(response).flatMap((link) => headerValue(link.headers, 'vary')?.split(',') ?? []),
  );
  const names = [...vary].map(trimOws).filter((name) => name !== '');
  if (names.length > 0) result['vary'] = [...new Set(names)].join(', ');
  const control = strictestControl(headers, response);
  if (control === undefined) return result;
  result['cache-control'] = control;
  // Other fields about freshness would take precedence for some caches.
  delete result['expires'];
  delete result['cdn-cache-control'];
  return result;
}

/** Demands that count for all once one of the chain makes them. */
const DEMANDS = ['no-store', 'private', 'no-cache', 'must-revalidate', 'proxy-revalidate'] as const;

/** `undefined` where the last response is as strict as any redirect before it. */
function strictestControl(headers: HeaderMap, response: Led): string | undefined {
  const own = responseDirectives(headers);
  const all = directivesOf(response);
  const demanded = DEMANDS.filter((name) => all.some((said) => isDemanded(said, name)));
  const isStricter = demanded.some((name) => !isDemanded(own, name));
  // Any moment will do: all hops age alike. Ages are whole seconds.
  const steadyMs = response.steadyTimeMs ?? response.responseTimeMs;
  const { ageSeconds } = timesOf(response, steadyMs);
  const [alone = 0, ...others] = [response, ...response.hops].map((link) => {
    const olderSeconds = Math.trunc(timesOf(link, steadyMs).ageSeconds - ageSeconds);
    return freshnessOf(link).lifetimeSeconds - Math.max(0, olderSeconds);
  });
  const lifetime = Math.floor(Math.max(0, Math.min(alone, ...others)));
  if (!isStricter && lifetime >= Math.floor(alone)) return undefined;
  const forOne = own.seconds('max-age');
  const maxAge = typeof forOne === 'number' ? Math.min(forOne, lifetime) : lifetime;
  return [...demanded, `max-age=${String(maxAge)}`].join(', ');
}

function isDemanded(said: Directives, name: (typeof DEMANDS)[number]): boolean {
  return name === 'private' || name === 'no-cache' ? said.isUnqualified(name) : said.has(name);
}

function timesOf(link: Received, steadyMs: number): ChainTimes {
  const ageSeconds = ageAt(link, steadyMs);
  return { ageSeconds, ttlSeconds: freshnessOf(link).lifetimeSeconds - ageSeconds };
}
