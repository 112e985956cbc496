/**
 * Reads the Range field of a request (RFC 9110 section 14.2); http/exchange/exchange calls it.
 * Digits only: `range-parser` and its like accept signs, exponents and suffixes beyond the length
 * wrongly.
 */
import type { RangeHint } from '../../cache/api/facade.js';
import { type ByteRange, byteRange } from '../../model/byte-range.js';
import { digitsEnd, tokenEnd, trimOws } from '../../model/field-syntax.js';

/** One requested range, before the length is known. `last` is inclusive, as in the field. */
export type RangeSpec =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | null }
  | { readonly kind: 'suffix'; readonly length: number };

/** Why a Range field has no effect (RFC 9110 section 14.2 lets a server ignore any). */
export type RangeIgnored = 'unit' | 'malformed' | 'too-many';

export type RangeField =
  | { readonly kind: 'none' }
  /** Never empty, in the order of the field. */
  | { readonly kind: 'ranges'; readonly ranges: readonly [RangeSpec, ...RangeSpec[]] }
  | { readonly kind: 'ignored'; readonly reason: RangeIgnored };

/** Ranges read from one field. Beyond this the field is an attack (RangeAmp) and is ignored. */
export const MAX_RANGES = 32;

/** `bytes` is case-insensitive like every range unit (RFC 9110 section 14.1). */
const BYTES_UNIT = /^bytes=/i;

/** Reads a Range field value; `undefined` when the request has none. Never throws. */
export function parseRange(value: string | undefined): RangeField {
  if (value === undefined) return { kind: 'none' };
  const text = trimOws(value);
  if (!BYTES_UNIT.test(text)) {
    // Any other unit, e.g. `items=0-5`.
    const end = tokenEnd(text, 0);
    return { kind: 'ignored', reason: end > 0 && text[end] === '=' ? 'unit' : 'malformed' };
  }
  const ranges: RangeSpec[] = [];
  for (const element of text.slice('bytes='.length).split(',')) {
    const item = trimOws(element);
    // RFC 9110 section 5.6.1.2: a recipient passes over empty list elements.
    if (item === '') continue;
    const spec = parseSpec(item);
    if (spec === undefined) return { kind: 'ignored', reason: 'malformed' };
    if (ranges.length === MAX_RANGES) return { kind: 'ignored', reason: 'too-many' };
    ranges.push(spec);
  }
  const [first, ...others] = ranges;
  return first === undefined
    ? { kind: 'ignored', reason: 'malformed' }
    : { kind: 'ranges', ranges: [first, ...others] };
}

/**
 * The bytes that `spec` selects of a representation of `completeLength` bytes (RFC 9110 section
 * 14.1.2). A suffix longer than the representation is all of it; a nonzero suffix of nothing is
 * the empty range, which no Content-Range can express: answer the whole.
 */
export function resolveRange(spec: RangeSpec, completeLength: number): ByteRange | 'unsatisfiable' {
  switch (spec.kind) {
    case 'from': {
      if (spec.first >= completeLength) return 'unsatisfiable';
      const last = spec.last ?? completeLength - 1;
      return byteRange(spec.first, Math.min(last, completeLength - 1) + 1);
    }
    case 'suffix':
      if (spec.length === 0) return 'unsatisfiable';
      return byteRange(Math.max(0, completeLength - spec.length), completeLength);
  }
}

/** What the cache may begin to fetch before it knows a length. */
export function hintOf(range: RangeField): RangeHint {
  if (range.kind !== 'ranges') return { kind: 'whole' };
  const [first, ...others] = range.ranges;
  return others.length === 0 ? first : { kind: 'several', ranges: [first, ...others] };
}

function parseSpec(text: string): RangeSpec | undefined {
  const dash = digitsEnd(text, 0);
  if (text[dash] !== '-' || digitsEnd(text, dash + 1) !== text.length) return undefined;
  const first = text.slice(0, dash);
  const last = text.slice(dash + 1);
  if (first === '') return last === '' ? undefined : { kind: 'suffix', length: clamped(last) };
  if (last === '') return { kind: 'from', first: clamped(first), last: null };
  // Compared before clamping: 2^60-2^55 is malformed, though both clamp to one number.
  return isGreater(first, last)
    ? undefined
    : { kind: 'from', first: clamped(first), last: clamped(last) };
}

/** Compares numbers of any length digit by digit: to make numbers of them costs its square. */
function isGreater(one: string, other: string): boolean {
  const [a, b] = [withoutZeros(one), withoutZeros(other)];
  return a.length === b.length ? a > b : a.length > b.length;
}

function withoutZeros(digits: string): string {
  let from = 0;
  while (digits[from] === '0') from += 1;
  return digits.slice(from);
}

/** No representation is longer than 2^53-1 bytes, so every larger number means the same. */
function clamped(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
