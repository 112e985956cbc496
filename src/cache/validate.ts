/**
 * Validation of stored responses (RFC 9111 section 4.3): which conditions go to the origin, which
 * stored response a 304 speaks of, and what it changes there. Pure; used by cache/lookup.
 */
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { parseHttpDate } from '../model/http-date.js';
import type { StoredResponse } from '../model/response.js';
import { parseEntityTag } from '../model/validator.js';
import { responseDirectives } from './directives.js';
import { freshnessOf, hasExplicitLifetime } from './freshness.js';
import { withoutListedFields } from './policy.js';
import { variantFields } from './select.js';

/** Conditional fields of a request to the origin; empty where nothing can be validated. */
export type Conditions = Readonly<Record<string, string>>;

export const NO_CONDITIONS: Conditions = {};

/**
 * Fields of a 304 that must not change what is said of the stored content (section 3.2): it is the
 * content as it was stored, under the validator that joins its chunks.
 */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'etag',
]);

/** What a 304 does to the stored responses that were offered. */
export type Selection =
  /** It speaks of this one, and updates it. */
  | { readonly kind: 'update'; readonly stored: StoredResponse }
  /** It confirms the only one there was, but is about another validator: it updates nothing. */
  | { readonly kind: 'confirm'; readonly stored: StoredResponse }
  /** It speaks of none of them: the origin has to be asked without conditions. */
  | { readonly kind: 'none' };

/**
 * Conditions that let the origin answer 304 if one of `candidates` is what it would send (section
 * 4.3.1): every entity tag, and the date of a single candidate.
 */
export function conditionsFor(candidates: readonly StoredResponse[]): Conditions {
  const tags = candidates.flatMap(({ headers }) => {
    const tag = parseEntityTag(headerValue(headers, 'etag') ?? '');
    return tag === undefined ? [] : [`${tag.strong ? '' : 'W/'}${tag.value}`];
  });
  const [only, ...others] = candidates;
  const date = others.length === 0 ? headerValue(only?.headers ?? {}, 'last-modified') : undefined;
  return {
    ...(tags.length > 0 && { 'if-none-match': [...new Set(tags)].join(', ') }),
    ...(date !== undefined &&
      parseHttpDate(date, 0) !== undefined && { 'if-modified-since': date }),
  };
}

/** The client's own conditions, for a request whose answer is for itself alone. */
export function clientConditions(request: HeaderMap): Conditions {
  const tags = headerValue(request, 'if-none-match');
  if (tags !== undefined) return { 'if-none-match': tags };
  const since = headerValue(request, 'if-modified-since');
  return since === undefined ? NO_CONDITIONS : { 'if-modified-since': since };
}

/** The candidate that a 304 with these fields selects (section 4.3.4). */
export function selectValidated(
  candidates: readonly StoredResponse[],
  notModified: HeaderMap,
): Selection {
  const [only, ...others] = candidates;
  const tag = parseEntityTag(headerValue(notModified, 'etag') ?? '');
  if (tag === undefined) {
    // Without a tag it can only be about the one that was offered.
    return only === undefined || others.length > 0
      ? { kind: 'none' }
      : { kind: 'update', stored: only };
  }
  const stored = candidates.find(({ headers }) => {
    const own = parseEntityTag(headerValue(headers, 'etag') ?? '');
    return own?.value === tag.value && (own.strong || !tag.strong);
  });
  if (stored !== undefined) return { kind: 'update', stored };
  if (only === undefined || others.length > 0) return { kind: 'none' };
  return { kind: 'confirm', stored: only };
}

/**
 * The stored response after a 304 (section 3.2), with the times of the validation. `request`: the
 * fields that selected it, where they may select it by another Vary now.
 */
export function refreshed(
  stored: StoredResponse,
  notModified: HeaderMap,
  times: Pick<StoredResponse, 'requestTimeMs' | 'responseTimeMs'>,
  request?: HeaderMap,
): StoredResponse {
  const headers = emptyHeaders();
  Object.assign(headers, stored.headers);
  // Age belongs to the response that carried it: a 304 without one is not as old as the first.
  delete headers['age'];
  const isForAll = givesLifetime(notModified, times);
  for (const [name, value] of Object.entries(notModified)) {
    if (NOT_UPDATED.has(name) || (name === 'vary' && request === undefined)) continue;
    if (name === 'set-cookie' && !isForAll) continue;
    headers[name] = value;
  }
  const requestHeaders =
    request === undefined ? stored.requestHeaders : variantFields(request, headers);
  return { ...stored, ...times, headers: withoutListedFields(headers), requestHeaders };
}

/**
 * True when a 304 says itself that it may serve for a while: a cookie that it sets is then for whoever
 * asks meanwhile. Without that word it is for the client that was asked for alone.
 */
function givesLifetime(
  headers: HeaderMap,
  times: Pick<StoredResponse, 'requestTimeMs' | 'responseTimeMs'>,
): boolean {
  if (!hasExplicitLifetime({ headers })) return false;
  if (responseDirectives(headers).isUnqualified('no-cache')) return false;
  return freshnessOf({ ...times, status: 304, headers }).lifetimeSeconds > 0;
}
