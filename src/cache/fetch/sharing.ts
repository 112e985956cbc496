/**
 * What a contact is to others than its asker: whom its answer serves, and whether it has made
 * another one needless. Used by cache/fetch/collapsed-fetches.
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

/** The result of a collapsed fetch; `stored-since`: the record has an answer now. */
export type Outcome = OriginFetch | { readonly kind: 'stored-since' };

/** What an origin fetch, made or joined, gives one request. */
export type SharedReply =
  | { readonly kind: 'answered'; readonly result: OriginFetch; readonly collapsed: boolean }
  /** The fetch that it waited for turned out to be private: look again and fetch alone. */
  | { readonly kind: 'not-shared' }
  /** Another request's fetch has stored an answer since this one looked: look again. */
  | { readonly kind: 'stored-since' };

/** True when the URL has a fresh answer to the request that it had not when the request looked. */
export async function isStoredSince(
  { responses, clock, tag }: Pick<CacheServices, 'responses' | 'clock' | 'tag'>,
  { key, request, upstream, record, again }: RequestContext,
): Promise<boolean> {
  if (again) return false;
  const now = ofKind(await responses.get(key), kindFor(request.adapter));
  if (now === record) return false;
  const pin = upstream.pinnedDigest(request.target);
  const stored = select(now, request.headers, (one) => isClaimedAs(one, pin), tag);
  return stored !== undefined && assess(stored, request.headers, clock.now()).kind === 'fresh';
}

/** True if other requests may use it without a validation of their own. */
export function isShared({ generation, stored }: SharedRepresentation): boolean {
  if (generation.isEphemeral) return false;
  return !directivesOf(stored).some((said) => said.isUnqualified('no-cache'));
}

/** Resolves when the body of an origin fetch has been taken in. */
export async function taken(result: Outcome): Promise<void> {
  if (result.kind === 'representation') await result.generation.intake?.whenEnded;
}

/** True when the response that another request fetched may answer this one too. */
export function serves(result: OriginFetch, { request }: RequestContext, tag: FieldTag): boolean {
  // A validation with credentials proves nothing to requests without them.
  if (result.kind === 'not-modified') return result.chain.hops.every(isPlain);
  return isShared(result) && variantMatches(result.stored, request.headers, tag);
}
