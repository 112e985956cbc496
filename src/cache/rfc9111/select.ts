/**
 * Which stored response of a URL belongs to a request: Vary and the fields it names (RFC 9111
 * section 4.1). Pure; used by cache/answer/cache, cache/fetch and describe.
 */
import { listMembers } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { ResponseRecord, StoredResponse } from '../../model/response.js';
import { variedFields } from './chain.js';

/** Fields whose values differ in case without differing in meaning (RFC 9110 section 12.5.4). */
const CASELESS: ReadonlySet<string> = new Set(['accept-language', 'accept-charset']);

/**
 * Replaces a request's field value by a tag: equal values have equal tags, and the tag reveals
 * nothing else. A value may be a token or a cookie, and the tag is stored on disk.
 */
export type FieldTag = (name: string, value: string) => string;

/**
 * The tags of the request's values of the fields that a response, or a redirect that led to it,
 * varies on.
 */
export function variantFields(
  request: HeaderMap,
  response: Pick<StoredResponse, 'headers' | 'hops'>,
  tag: FieldTag,
): HeaderMap {
  const fields = variedFields(response);
  const values = emptyHeaders();
  if (fields === 'any') return values;
  for (const name of fields) {
    const value = tagged(request, name, tag);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/** One text for equal values of the fields that select a variant; empty without any. */
export function variantName(requestHeaders: HeaderMap): string {
  const fields = Object.entries(requestHeaders).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.length === 0 ? '' : JSON.stringify(fields);
}

/** The text of those of `request` that select a response like this one. */
export function variantOf(
  request: HeaderMap,
  response: Pick<StoredResponse, 'headers' | 'hops'>,
  tag: FieldTag,
): string {
  return variantName(variantFields(request, response, tag));
}

/** True when the stored response was selected by the same values of the fields it varies on. */
export function variantMatches(stored: StoredResponse, request: HeaderMap, tag: FieldTag): boolean {
  return isSelected(stored, (name) => tagged(request, name, tag));
}

function isSelected(
  stored: StoredResponse,
  valueOf: (name: string) => string | undefined,
): boolean {
  const fields = variedFields(stored);
  if (fields === 'any') return false;
  return fields.every((name) => valueOf(name) === headerValue(stored.requestHeaders, name));
}

/**
 * The stored response for a request among those that `isUsable`: the most recent match. One with
 * Vary precedes one without, because some resources omit Vary on their default response.
 */
export function select(
  record: ResponseRecord | undefined,
  request: HeaderMap,
  isUsable: (stored: StoredResponse) => boolean,
  tag: FieldTag,
): StoredResponse | undefined {
  // Each value is read once, however many variants there are.
  const values = new Map<string, string | undefined>();
  const valueOf = (name: string): string | undefined => {
    if (!values.has(name)) values.set(name, tagged(request, name, tag));
    return values.get(name);
  };
  const matching = (record?.variants ?? []).filter(
    (stored) => isSelected(stored, valueOf) && isUsable(stored),
  );
  return matching.find((stored) => variedFields(stored).length > 0) ?? matching[0];
}

function tagged(request: HeaderMap, name: string, tag: FieldTag): string | undefined {
  const value = normalised(request, name);
  return value === undefined ? undefined : tag(name, value);
}

/** White space around unquoted commas has no meaning: `a,b` and ` a , b ` are one value. */
function normalised(request: HeaderMap, name: string): string | undefined {
  const field = headerValue(request, name);
  if (field === undefined) return undefined;
  let value: string | undefined;
  for (const member of listMembers(field)) {
    value = value === undefined ? member : `${value}, ${member}`;
  }
  return CASELESS.has(name) ? value?.toLowerCase() : value;
}
