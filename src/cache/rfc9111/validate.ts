/**
 * Validation of stored responses (RFC 9111 section 4.3): the conditions for the origin, the stored
 * response that a 304 selects, and what the 304 updates. Pure; used by cache/answer/cache.
 */
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import { parseHttpDate } from '../../model/http-date.js';
import type { RedirectChain } from '../../model/redirect-chain.js';
import type { StoredResponse, ResponseTimes } from '../../model/response.js';
import { parseEntityTag } from '../../model/validator.js';
import { forOthers } from './policy.js';
import { type FieldTag, variantFields } from './select.js';

/** Conditional fields of a request to the origin; empty where nothing can be validated. */
export type Conditions = Readonly<Record<string, string>>;

export const NO_CONDITIONS: Conditions = {};

/** A 304: its fields, and what led to it. */
export interface NotModified {
  readonly headers: HeaderMap;
  readonly times: ResponseTimes;
  readonly chain: RedirectChain;
}

/**
 * Fields of a 304 that do not update the stored response (section 3.2): they describe the stored
 * content or its validator.
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
export type Revalidation =
  /** It speaks of this one, and updates it. */
  | { readonly kind: 'update'; readonly stored: StoredResponse }
  /** It confirms the only one there was, but is about another validator: it updates nothing. */
  | { readonly kind: 'confirm'; readonly stored: StoredResponse }
  /** None matches: repeat the request without conditions. */
  | { readonly kind: 'none' };

/**
 * Conditions that let the origin answer 304 for any of `candidates` (section 4.3.1): every entity
 * tag, and the date if there is one candidate.
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

/** The candidates that came from `place`: elsewhere their validators mean nothing. */
export function candidatesAt(
  place: string,
  candidates: readonly StoredResponse[],
): readonly StoredResponse[] {
  return candidates.filter(
    ({ object }) => object.digest !== null || (object.place ?? '') === place,
  );
}

/** The conditions that mean something at `place`. */
export function conditionsAt(place: string, candidates: readonly StoredResponse[]): Conditions {
  return conditionsFor(candidatesAt(place, candidates));
}

/** The client's own conditions, for a request whose response is private. */
export function clientConditions(request: HeaderMap): Conditions {
  const tags = headerValue(request, 'if-none-match');
  if (tags !== undefined) return { 'if-none-match': tags };
  const since = headerValue(request, 'if-modified-since');
  return since === undefined ? NO_CONDITIONS : { 'if-modified-since': since };
}

/** The candidate that a 304 selects (section 4.3.4), of those that it was offered. */
export function selectValidated(
  all: readonly StoredResponse[],
  { headers: fields, chain }: Pick<NotModified, 'headers' | 'chain'>,
): Revalidation {
  const candidates = candidatesAt(chain.place, all);
  const [only, ...others] = candidates;
  const tag = parseEntityTag(headerValue(fields, 'etag') ?? '');
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
 * fields of the validating request, which the new Vary may select by and redirects may depend on.
 */
export function refreshed(
  stored: StoredResponse,
  { headers: notModified, times, chain }: NotModified,
  request?: { readonly headers: HeaderMap; readonly tag: FieldTag },
): StoredResponse {
  const headers = emptyHeaders();
  Object.assign(headers, stored.headers);
  // Age belongs to the response that carried it: a 304 without one is not as old as the first.
  delete headers['age'];
  for (const [name, value] of Object.entries(notModified)) {
    if (NOT_UPDATED.has(name) || (name === 'vary' && request === undefined)) continue;
    headers[name] = value;
  }
  const renewed = { ...stored, ...times, headers: forOthers(headers) };
  if (request === undefined) return renewed;
  const { hops } = chain;
  return {
    ...renewed,
    hops,
    requestHeaders: variantFields(request.headers, { headers, hops }, request.tag),
  };
}
