/**
 * Validation of stored responses (RFC 9111 section 4.3): the conditions of the request to the
 * origin, the stored response that a 304 selects, and its update. Pure; used by cache/answer/cache
 * and cache/fetch.
 */
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import { parseHttpDate } from '../../model/http-date.js';
import type { RedirectChain } from '../../model/redirect-chain.js';
import type { StoredResponse, ResponseTimes } from '../../model/response.js';
import { parseEntityTag } from '../../model/validator.js';
import { forOthers } from './policy.js';
import { type FieldTag, variantFields } from './select.js';

/** Conditional fields of a request to the origin; empty without a validator. */
export type Conditions = Readonly<Record<string, string>>;

export const NO_CONDITIONS: Conditions = {};

/** A 304: its fields, its times, and the redirects that led to it. */
export interface NotModified {
  readonly headers: HeaderMap;
  readonly times: ResponseTimes;
  readonly chain: RedirectChain;
}

/**
 * Fields of a 304 that do not update the stored response (section 3.2): they describe the content
 * as it was stored, with the validator that joins its chunks.
 */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'etag',
]);

/** The effect of a 304 on the stored responses whose validators were sent. */
export type Revalidation =
  /** The 304 selects this response and updates it. */
  | { readonly kind: 'update'; readonly stored: StoredResponse }
  /** The 304 confirms the only candidate, but has another validator: it updates nothing. */
  | { readonly kind: 'confirm'; readonly stored: StoredResponse }
  /** The 304 selects none: the request must be sent again without conditions. */
  | { readonly kind: 'none' };

/**
 * Returns conditions with which the origin answers 304 if it would send one of `candidates`
 * (section 4.3.1): every entity tag, and the date of a single candidate.
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

/** Returns the candidates whose validators are valid at `place`, because they came from there. */
export function candidatesAt(
  place: string,
  candidates: readonly StoredResponse[],
): readonly StoredResponse[] {
  return candidates.filter(
    ({ object }) => object.digest !== null || (object.place ?? '') === place,
  );
}

/** Returns the conditions of the candidates whose validators are valid at `place`. */
export function conditionsAt(place: string, candidates: readonly StoredResponse[]): Conditions {
  return conditionsFor(candidatesAt(place, candidates));
}

/** Returns the client's own conditions, for a request whose response no other request shares. */
export function clientConditions(request: HeaderMap): Conditions {
  const tags = headerValue(request, 'if-none-match');
  if (tags !== undefined) return { 'if-none-match': tags };
  const since = headerValue(request, 'if-modified-since');
  return since === undefined ? NO_CONDITIONS : { 'if-modified-since': since };
}

/** Returns the effect of a 304 on the candidates whose validators were sent (section 4.3.4). */
export function selectValidated(
  all: readonly StoredResponse[],
  { headers: fields, chain }: Pick<NotModified, 'headers' | 'chain'>,
): Revalidation {
  const candidates = candidatesAt(chain.place, all);
  const [only, ...others] = candidates;
  const tag = parseEntityTag(headerValue(fields, 'etag') ?? '');
  if (tag === undefined) {
    // A 304 without an entity tag selects only a single candidate.
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
 * Returns the stored response after a 304 (section 3.2), with the times of the validation.
 * `request` is given for the response that the request selected: its fields may select it by
 * another Vary now, and its redirects replace the stored ones.
 */
export function refreshed(
  stored: StoredResponse,
  { headers: notModified, times, chain }: NotModified,
  request?: { readonly headers: HeaderMap; readonly tag: FieldTag },
): StoredResponse {
  const headers = emptyHeaders();
  Object.assign(headers, stored.headers);
  // Age is of the response that carried it: a 304 without Age must not inherit the stored one.
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
