/**
 * Selects the stored response of a URL for a request, by Vary and the fields it names (RFC 9111
 * section 4.1). Pure; used by cache/answer/cache, cache/fetch and describe.
 */
import { listMembers } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import type { ResponseRecord, StoredResponse } from '../../model/response.js';
import { variedFields } from './chain.js';

/** Fields whose values differ in case without differing in meaning (RFC 9110 section 12.5.4). */
const CASELESS: ReadonlySet<string> = new Set(['accept-language', 'accept-charset']);

/**
 * Returns a tag for a request's value of a field. Equal values have equal tags, and the value
 * cannot be derived from its tag: it may be a token or a cookie, and tags are kept on the disk.
 */
export type FieldTag = (name: string, value: string) => string;

/**
 * Returns tags of the request's fields that are named by the Vary of a response, or of a redirect
 * that led to it.
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

/** Returns one text for equal tags of the selecting fields; empty without any. */
export function variantName(requestHeaders: HeaderMap): string {
  const fields = Object.entries(requestHeaders).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.length === 0 ? '' : JSON.stringify(fields);
}

/** Returns the name of the variant that `request` would select of a response like this one. */
export function variantOf(
  request: HeaderMap,
  response: Pick<StoredResponse, 'headers' | 'hops'>,
  tag: FieldTag,
): string {
  return variantName(variantFields(request, response, tag));
}

/** True when `request` has the values with which the stored response was selected. */
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
 * Returns the stored response for a request, among those that are usable: the most recent one that
 * matches. One with Vary comes before one without, because some resources omit Vary on their
 * default response.
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

/**
 * Returns a field's value with normalised white space around its unquoted commas, where it has no
 * meaning: `a,b` and ` a , b ` are one value.
 */
function normalised(request: HeaderMap, name: string): string | undefined {
  const field = headerValue(request, name);
  if (field === undefined) return undefined;
  let value: string | undefined;
  for (const member of listMembers(field)) {
    value = value === undefined ? member : `${value}, ${member}`;
  }
  return CASELESS.has(name) ? value?.toLowerCase() : value;
}
