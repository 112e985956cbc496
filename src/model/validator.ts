/**
 * Validators of a representation (RFC 9110 section 8.8). Only strong validators join chunks that
 * came from different responses.
 */
import { codingOf } from './content-coding.js';
import { skipOws, trimOws } from './field-syntax.js';
import { headerValue, type HeaderMap } from './headers.js';
import { parseHttpDate } from './http-date.js';

/**
 * `etag` keeps its quotes, without `W/`; `lastModified` is the field value as the origin wrote it.
 * `coding`: the content coding of its representation, if any: some servers give a coded form the
 * tag of the plain one, and parts of the two must not be joined. `digest`: a digest identifies the
 * object's bytes, so that no field is compared: the content networks that serve them have
 * validators of their own.
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
 * RFC 9110 section 8.8.2.2: a date is strong only if the origin's clock is at least 1 s past it.
 */
const LAST_MODIFIED_STRONG_AFTER_MS = 1000;

/** What places years of two digits (RFC 850): only differences of dates count here. */
const YEARS_FROM_MS = Date.UTC(2020, 0);

/** Reads one entity-tag; `undefined` when it is not one (unquoted, or with control characters). */
export function parseEntityTag(text: string): { strong: boolean; value: string } | undefined {
  const match = ENTITY_TAG.exec(trimOws(text));
  if (match?.[2] === undefined) return undefined;
  return { strong: match[1] === undefined, value: match[2] };
}

/**
 * The entity-tags of a list (RFC 9110 sections 5.6.1 and 13.1.1), up to the first member that is
 * none. Tags may hold commas, so that a list of them cannot be split at these.
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

/** The best validator that a response carries: ETag first, else Last-Modified, else none. */
export function validatorOf(headers: HeaderMap): Validator {
  const name = codingOf(headers);
  const coding = name === '' ? {} : { coding: name };
  const tag = parseEntityTag(headerValue(headers, 'etag') ?? '');
  if (tag !== undefined) return { kind: 'etag', ...tag, ...coding };
  const value = headerValue(headers, 'last-modified');
  const modified = parseHttpDate(value ?? '', YEARS_FROM_MS);
  // `0` and the like are used for every version.
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
 * Strong comparison (RFC 9110 section 8.8.3.2): both strong, same kind, same value. Codings are
 * left out: a 304 does not repeat them.
 */
export function sameStrong(a: Validator, b: Validator): boolean {
  if (!isStrong(a) || !isStrong(b)) return false;
  return a.kind === b.kind && fieldOf(a) === fieldOf(b);
}

/**
 * Whether a partial response belongs to the representation that `expected` names. A date was
 * judged strong when it was first seen and a later response repeats it, so only its text counts.
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

/** The field value for If-Range or If-Match; only a strong validator is allowed there. */
export function strongFieldValue(validator: Validator): string | undefined {
  return isStrong(validator) ? fieldOf(validator) : undefined;
}

/** The value of the field; `undefined` for a validator that no field carries. */
export function fieldOf(validator: Validator): string | undefined {
  return 'value' in validator ? validator.value : undefined;
}
