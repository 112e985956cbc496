/**
 * Validators of a representation (RFC 9110 section 8.8). Only strong validators join chunks that
 * came from different responses.
 */
import { codingOf } from './content-coding.js';
import { skipOws, trimOws } from './field-syntax.js';
import { headerValue, type HeaderMap } from './headers.js';
import { parseHttpDate } from './http-date.js';

/**
 * The validator of a representation. `value` is an entity-tag with its quotes, without `W/`, or the
 * value of Last-Modified as the origin wrote it. `coding` is the content coding of the
 * representation, if it has one: some servers send a coded form with the tag of the plain form, and
 * parts of the two must not be joined. Kind `digest`: a digest identifies the object and covers its
 * bytes. Then no field of a response is compared, because the content network that sends the bytes
 * has validators of its own.
 */
export type Validator =
  | {
      readonly kind: 'etag' | 'last-modified';
      readonly strong: boolean;
      readonly value: string;
      readonly coding?: string;
    }
  | { readonly kind: 'digest' }
  | { readonly kind: 'none' };

/** entity-tag of RFC 9110 section 8.8.3: no control characters, no quote inside. */
const ENTITY_TAG = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;

/**
 * RFC 9110 section 8.8.2.2: Last-Modified is strong only if Date is at least 1 s later.
 */
const LAST_MODIFIED_STRONG_AFTER_MS = 1000;

/**
 * The time relative to which two-digit years (RFC 850) are read. Any fixed time does, because only
 * differences of dates count here.
 */
const YEARS_FROM_MS = Date.UTC(2020, 0);

/** Parses one entity-tag; `undefined` when it is invalid (unquoted, or with control characters). */
export function parseEntityTag(text: string): { strong: boolean; value: string } | undefined {
  const match = ENTITY_TAG.exec(trimOws(text));
  if (match?.[2] === undefined) return undefined;
  return { strong: match[1] === undefined, value: match[2] };
}

/**
 * Yields the entity-tags of a list (RFC 9110 sections 5.6.1 and 13.1.1), up to the first invalid
 * member. Tags may contain commas, so a list of them cannot be split at commas.
 */
export function* listedTags(field: string): Generator<{ strong: boolean; value: string }> {
  for (let at = 0; at < field.length;) {
    at = skipOws(field, at);
    if (field[at] !== ',') {
      const quote = field.startsWith('W/', at) ? at + 2 : at;
      const close = field[quote] === '"' ? field.indexOf('"', quote + 1) : -1;
      const tag = close === -1 ? undefined : parseEntityTag(field.slice(at, close + 1));
      if (tag === undefined) return;
      at = skipOws(field, close + 1);
      if (at < field.length && field[at] !== ',') return;
      yield tag;
    }
    at += 1;
  }
}

/** Returns the best validator of a response: ETag, else Last-Modified, else none. */
export function validatorOf(headers: HeaderMap): Validator {
  const name = codingOf(headers);
  const coding = name === '' ? {} : { coding: name };
  const tag = parseEntityTag(headerValue(headers, 'etag') ?? '');
  if (tag !== undefined) return { kind: 'etag', ...tag, ...coding };
  const value = headerValue(headers, 'last-modified');
  const modified = parseHttpDate(value ?? '', YEARS_FROM_MS);
  // Values that are no date, such as `0`, may be the same for every version.
  if (value === undefined || modified === undefined) return { kind: 'none' };
  const date = parseHttpDate(headerValue(headers, 'date') ?? '', YEARS_FROM_MS);
  const strong = date !== undefined && date - modified >= LAST_MODIFIED_STRONG_AFTER_MS;
  return { kind: 'last-modified', strong, value, ...coding };
}

/** True when the validator may join bytes of different responses. */
export function isStrong(validator: Validator): boolean {
  switch (validator.kind) {
    case 'etag':
    case 'last-modified':
      return validator.strong;
    case 'digest':
      return true;
    case 'none':
      return false;
  }
}

/**
 * Strong comparison (RFC 9110 section 8.8.3.2): true when both are strong and of the same kind and
 * value. Codings are not compared, because a 304 does not repeat them.
 */
export function sameStrong(a: Validator, b: Validator): boolean {
  if (!isStrong(a) || !isStrong(b)) return false;
  return a.kind === b.kind && fieldOf(a) === fieldOf(b);
}

/**
 * True when a partial response belongs to the representation that `expected` identifies. The
 * strength of Last-Modified was decided with the first response, so only its text is compared here.
 */
export function validatorMatches(expected: Validator, headers: HeaderMap): boolean {
  if ('value' in expected && codingOf(headers) !== (expected.coding ?? '')) return false;
  switch (expected.kind) {
    case 'etag': {
      const seen = validatorOf(headers);
      return (
        seen.kind === 'etag' && seen.strong === expected.strong && seen.value === expected.value
      );
    }
    case 'last-modified':
      return headerValue(headers, 'last-modified') === expected.value;
    case 'digest':
      return true;
    case 'none':
      return false;
  }
}

/** Returns the field value for If-Range or If-Match; `undefined` unless the validator is strong. */
export function strongFieldValue(validator: Validator): string | undefined {
  return isStrong(validator) ? fieldOf(validator) : undefined;
}

/** Returns the validator as a field value; `undefined` for kinds that no field carries. */
export function fieldOf(validator: Validator): string | undefined {
  return 'value' in validator ? validator.value : undefined;
}
