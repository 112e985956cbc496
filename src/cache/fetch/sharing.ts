/**
 * What a contact is to others than its asker: whom its answer serves, and whether it has made another
 * one needless. Used by cache/fetch/contacts.
 */
import type { Asked } from './asked.js';
import { assess } from '../rfc9111/assess.js';
import { directivesOf, isPlain } from '../rfc9111/chain.js';
import type { Contact } from './contact.js';
import { kindFor, ofKind } from '../api/record.js';
import { type FieldTag, select, variantMatches } from '../rfc9111/select.js';
import type { CacheServices } from '../api/services.js';
import { isClaimedAs } from '../rfc9111/stored.js';

export type Representation = Extract<Contact, { kind: 'representation' }>;

/** What came of a flight: `stored-since` where nothing had to be asked. */
export type Outcome = Contact | { readonly kind: 'stored-since' };

/** What a contact, made or joined, is to one request. */
export type Reply =
  | { readonly kind: 'answered'; readonly result: Contact; readonly collapsed: boolean }
  /** It waited for what turned out to be another's alone: look again, and ask for itself. */
  | { readonly kind: 'not-shared' }
  /** Another's contact has stored an answer since this one looked: look again. */
  | { readonly kind: 'stored-since' };

/** True when the URL has a fresh answer to the request that it had not when the request looked. */
export async function isStoredSince(
  { responses, clock, tag }: Pick<CacheServices, 'responses' | 'clock' | 'tag'>,
  { key, request, upstream, record, again }: Asked,
): Promise<boolean> {
  if (again) return false;
  const now = ofKind(await responses.get(key), kindFor(request.asking));
  if (now === record) return false;
  const pin = upstream.pinnedDigest(request.target);
  const stored = select(now, request.headers, (one) => isClaimedAs(one, pin), tag);
  return stored !== undefined && assess(stored, request.headers, clock.now()).kind === 'fresh';
}

/** True when others than its asker may have it without a validation of their own. */
export function isShared({ generation, stored }: Representation): boolean {
  if (generation.ephemeral) return false;
  return !directivesOf(stored).some((said) => said.isUnqualified('no-cache'));
}

/** Resolves when the body that a contact brought has been taken in. */
export async function taken(result: Outcome): Promise<void> {
  if (result.kind === 'representation') await result.generation.intake?.ended;
}

/** True when what another's contact brought may answer this request too. */
export function serves(result: Contact, { request }: Asked, tag: FieldTag): boolean {
  // What confirmed it to somebody with a key says nothing to those without.
  if (result.kind === 'not-modified') return result.chain.hops.every(isPlain);
  return isShared(result) && variantMatches(result.stored, request.headers, tag);
}
