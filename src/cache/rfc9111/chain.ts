/**
 * Applies RFC 9111 to a redirect chain and the response at its end together: the shortest
 * lifetime, the greatest age, the directives of all hops, and the fields that clients get. Pure;
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

/** Age and remaining lifetime of a chain, in seconds, not rounded. */
export interface ChainTimes {
  /** Age of the oldest response. */
  readonly ageSeconds: number;
  /** Remaining lifetime of the response that is stale first; negative once stale. */
  readonly ttlSeconds: number;
}

/** Returns the redirects in order, then the response itself. */
export function linksOf<L extends Pick<Received, 'status' | 'headers'>>(
  response: L & { readonly hops: readonly Hop[] },
): readonly (L | Hop)[] {
  return [...response.hops, response];
}

/** Returns the directives of each redirect, then those of the response. */
export function directivesOf(response: Pick<Led, 'status' | 'headers' | 'hops'>): Directives[] {
  return linksOf(response).map(({ headers }) => responseDirectives(headers));
}

/**
 * Returns age and remaining lifetime of the whole chain (section 4.2). A redirect without a
 * lifetime makes the chain stale. `steadyMs`: model/steady-time.
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

/**
 * Returns the lower-case names of the fields in the Vary of any response of the chain (section
 * 4.1); `any` if one of them has `*`.
 */
export function variedFields({
  headers,
  hops,
}: Pick<Led, 'headers' | 'hops'>): readonly string[] | 'any' {
  const names = new Set<string>();
  for (const fields of [...hops.map((hop) => hop.headers), headers]) {
    const named = namedByVary(fields);
    if (named === 'any') return 'any';
    for (const name of named) names.add(name);
  }
  return [...names];
}

/** True for a redirect whose request carried nothing that identifies the client. */
export function isPlain({ shown }: Hop): boolean {
  return shown.length === 0;
}

/**
 * True when another request may follow these redirects without requesting them again (sections 3
 * and 4).
 */
export function mayReuse(hops: readonly Hop[], steadyMs: number): boolean {
  return hops.every((hop) => {
    const directives = responseDirectives(hop.headers);
    if (directives.has('no-store') || directives.isUnqualified('private')) return false;
    return !directives.isUnqualified('no-cache') && timesOf(hop, steadyMs).ttlSeconds > 0;
  });
}

/**
 * Returns `headers` for clients, who see one response in place of the chain: with the Vary of all
 * responses, and with the strictest Cache-Control where a redirect is stricter than the response.
 */
export function chainFields(headers: HeaderMap, response: Led): HeaderMap {
  if (response.hops.length === 0) return headers;
  const fields = emptyHeaders();
  Object.assign(fields, headers);
  const vary = new Set(
    linksOf(response).flatMap((link) => headerValue(link.headers, 'vary')?.split(',') ?? []),
  );
  const names = [...vary].map(trimOws).filter((name) => name !== '');
  if (names.length > 0) fields['vary'] = [...new Set(names)].join(', ');
  const control = strictestControl(headers, response);
  if (control === undefined) return fields;
  fields['cache-control'] = control;
  // Some recipients would prefer these other statements of the lifetime.
  delete fields['expires'];
  delete fields['cdn-cache-control'];
  return fields;
}

/** Directives that apply to the whole chain if one of its responses has them. */
const DEMANDS = ['no-store', 'private', 'no-cache', 'must-revalidate', 'proxy-revalidate'] as const;

/**
 * Returns a Cache-Control with the demands of all hops and the shortest lifetime; `undefined`
 * where the last response is as strict as any redirect before it.
 */
function strictestControl(headers: HeaderMap, response: Led): string | undefined {
  const own = responseDirectives(headers);
  const all = directivesOf(response);
  const demanded = DEMANDS.filter((name) => all.some((one) => isDemanded(one, name)));
  const isStricter = demanded.some((name) => !isDemanded(own, name));
  // Any moment will do: only differences of ages count. Age is sent in whole seconds.
  const steadyMs = response.steadyTimeMs ?? response.responseTimeMs;
  const { ageSeconds } = timesOf(response, steadyMs);
  const [ownLifetime = 0, ...others] = [response, ...response.hops].map((link) => {
    const olderSeconds = Math.trunc(timesOf(link, steadyMs).ageSeconds - ageSeconds);
    return freshnessOf(link).lifetimeSeconds - Math.max(0, olderSeconds);
  });
  const lifetime = Math.floor(Math.max(0, Math.min(ownLifetime, ...others)));
  if (!isStricter && lifetime >= Math.floor(ownLifetime)) return undefined;
  const ownMaxAge = own.seconds('max-age');
  const maxAge = typeof ownMaxAge === 'number' ? Math.min(ownMaxAge, lifetime) : lifetime;
  return [...demanded, `max-age=${String(maxAge)}`].join(', ');
}

function isDemanded(directives: Directives, name: (typeof DEMANDS)[number]): boolean {
  return name === 'private' || name === 'no-cache'
    ? directives.isUnqualified(name)
    : directives.has(name);
}

function timesOf(link: Received, steadyMs: number): ChainTimes {
  const ageSeconds = ageAt(link, steadyMs);
  return { ageSeconds, ttlSeconds: freshnessOf(link).lifetimeSeconds - ageSeconds };
}
