/**
 * Evaluates the preconditions of a request against the selected representation (RFC 9110 section
 * 13). Pure; http/reply/respond does this once the cache has answered, whatever was sent to the
 * origin.
 */
import type { CacheAnswer } from '../../cache/api/facade.js';
import { trimOws } from '../../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../../model/headers.js';
import { listedTags, parseEntityTag } from '../../model/validator.js';
import { formatHttpDate, parseHttpDate } from '../../model/http-date.js';

export type ConditionResult = 'proceed' | 'not-modified' | 'precondition-failed';

/** What conditions are compared with: the origin's own fields, and none that were added here. */
export type Representation = Pick<CacheAnswer, 'headers' | 'status' | 'receivedAtMs' | 'validator'>;

/**
 * RFC 9110 section 8.8.2.2: a date is a strong validator if the origin's clock was this far past.
 */
const STRONG_DATE_AGE_MS = 1000;

/**
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a GET or HEAD in
 * the order of RFC 9110 section 13.2.2, against the answer without them: a status other than 2xx
 * makes them void (section 13.2.1). Malformed dates are ignored.
 */
export function evaluate(
  request: HeaderMap,
  { headers: stored, status, receivedAtMs }: Representation,
  nowMs: number,
): ConditionResult {
  if (status < 200 || status > 299) return 'proceed';
  const ifMatch = headerValue(request, 'if-match');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, stored, 'strong')) return 'precondition-failed';
  } else if (modifiedSince(headerValue(request, 'if-unmodified-since'), stored, nowMs) === true) {
    return 'precondition-failed';
  }
  const ifNoneMatch = headerValue(request, 'if-none-match');
  if (ifNoneMatch !== undefined) {
    return matches(ifNoneMatch, stored, 'weak') ? 'not-modified' : 'proceed';
  }
  const dates = dated(stored, receivedAtMs);
  const since = modifiedSince(headerValue(request, 'if-modified-since'), dates, nowMs);
  return since === false ? 'not-modified' : 'proceed';
}

/**
 * Whether the Range field may be honoured as far as If-Range is concerned (RFC 9110 section
 * 13.1.5): absent, an equal strong entity-tag, or exactly the stored date if that date is strong.
 */
export function ifRangeAllows(
  request: HeaderMap,
  { headers: stored, validator }: Pick<Representation, 'headers' | 'validator'>,
  nowMs: number,
): boolean {
  const value = headerValue(request, 'if-range');
  if (value === undefined) return true;
  const wanted = parseEntityTag(value);
  if (wanted !== undefined) {
    const current = parseEntityTag(headerValue(stored, 'etag') ?? '');
    return wanted.strong && current?.strong === true && current.value === wanted.value;
  }
  if (parseHttpDate(value, nowMs) === undefined) return false;
  const isStrongDate =
    validator?.kind === 'last-modified' ? validator.strong : hasStrongDate(stored, nowMs);
  return isStrongDate && trimOws(value) === headerValue(stored, 'last-modified');
}

/** An entity-tag list (or `*`) against the stored ETag. Parts that are no tags match nothing. */
function matches(field: string, stored: HeaderMap, comparison: 'strong' | 'weak'): boolean {
  if (trimOws(field) === '*') return true;
  const current = parseEntityTag(headerValue(stored, 'etag') ?? '');
  if (current === undefined || (comparison === 'strong' && !current.strong)) return false;
  for (const { strong, value } of listedTags(field)) {
    if (value === current.value && (comparison === 'weak' || strong)) return true;
  }
  return false;
}

/** `undefined` when the condition is absent, malformed, or the representation has no date. */
function modifiedSince(
  field: string | undefined,
  stored: HeaderMap,
  nowMs: number,
): boolean | undefined {
  if (field === undefined) return undefined;
  const since = parseHttpDate(field, nowMs);
  const modified = parseHttpDate(headerValue(stored, 'last-modified') ?? '', nowMs);
  return since === undefined || modified === undefined ? undefined : modified > since;
}

/**
 * A response without Last-Modified counts as modified at its Date, or when it was received (RFC
 * 9111 section 4.3.2).
 */
function dated(stored: HeaderMap, receivedAtMs: number | undefined): HeaderMap {
  const received = receivedAtMs === undefined ? undefined : formatHttpDate(receivedAtMs);
  const date = stored['date'] ?? received;
  if (stored['last-modified'] !== undefined || date === undefined) return stored;
  return { ...stored, 'last-modified': date };
}

function hasStrongDate(stored: HeaderMap, nowMs: number): boolean {
  const modified = parseHttpDate(headerValue(stored, 'last-modified') ?? '', nowMs);
  const date = parseHttpDate(headerValue(stored, 'date') ?? '', nowMs);
  return modified !== undefined && date !== undefined && date - modified >= STRONG_DATE_AGE_MS;
}
