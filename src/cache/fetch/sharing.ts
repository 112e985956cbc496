/**
 * Decides which requests the outcome of an origin fetch may serve, and whether an earlier fetch has
 * made another one needless. Used by cache/fetch/collapsed-fetches.
 */
import type { RequestContext } from './request-context.js';
import { assess } from '../rfc9111/assess.js';
import { directivesOf, isPlain } from '../rfc9111/chain.js';
import type { OriginFetch } from './origin-fetch.js';
import { kindFor, ofKind } from '../api/record.js';
import { type FieldTag, select, variantMatches } from '../rfc9111/select.js';
import type { CacheServices } from '../api/services.js';
import { isClaimedAs } from '../rfc9111/stored-digests.js';

export type SharedRepresentation = Extract<OriginFetch, { kind: 'representation' }>;

/** The outcome of a flight: `stored-since` when no fetch was needed. */
export type Outcome = OriginFetch | { readonly kind: 'stored-since' };

/** The result, for one request, of an origin fetch that it made or joined. */
export type SharedReply =
  | { readonly kind: 'answered'; readonly result: OriginFetch; readonly collapsed: boolean }
  /** The response may not be shared: the request is looked up again and makes its own fetch. */
  | { readonly kind: 'not-shared' }
  /** Another fetch has stored an answer since the lookup: the request is looked up again. */
  | { readonly kind: 'stored-since' };

/** True when a fresh answer to the request was stored since the request was looked up. */
export async function isStoredSince(
  { responses, clock, tag }: Pick<CacheServices, 'responses' | 'clock' | 'tag'>,
  { key, request, upstream, record, again }: RequestContext,
): Promise<boolean> {
  if (again) return false;
  const current = ofKind(await responses.get(key), kindFor(request.adapter));
  if (current === record) return false;
  const pin = upstream.pinnedDigest(request.target);
  const stored = select(current, request.headers, (one) => isClaimedAs(one, pin), tag);
  return stored !== undefined && assess(stored, request.headers, clock.now()).kind === 'fresh';
}

/** True when the response may answer other requests without another validation. */
export function isShared({ generation, stored }: SharedRepresentation): boolean {
  if (generation.isEphemeral) return false;
  return !directivesOf(stored).some((directives) => directives.isUnqualified('no-cache'));
}

/** Resolves when the body of an origin fetch has been taken in. */
export async function taken(result: Outcome): Promise<void> {
  if (result.kind === 'representation') await result.generation.intake?.whenEnded;
}

/** True when the response that another request fetched may answer this one too. */
export function serves(result: OriginFetch, { request }: RequestContext, tag: FieldTag): boolean {
  // A 304 obtained with credentials confirms nothing to a request without them.
  if (result.kind === 'not-modified') return result.chain.hops.every(isPlain);
  return isShared(result) && variantMatches(result.stored, request.headers, tag);
}
