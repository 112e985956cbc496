/**
 * The checks that every 206 must pass before any of its bytes is used: those of nginx's slice
 * module, and that it is not multipart. Pure; called by the workers and by cache/rfc9111/judge.
 */
import { codingOf } from '../model/content-coding.js';
import type { OriginHead } from '../model/fetch.js';
import { trimOws } from '../model/field-syntax.js';
import { headerValue } from '../model/headers.js';
import { validatorMatches, type Validator } from '../model/validator.js';
import { parseContentRange, type SatisfiedRange } from './content-range.js';

/** The requested range, and the known properties of the representation. */
export interface RangeExpectation {
  /** The requested bytes; an `end` of `null` means to the end of the representation. */
  readonly range: { readonly start: number; readonly end: number | null };
  /**
   * `exact`: the response must hold all requested bytes that exist. `at-most`: it may stop earlier,
   * which RFC 9110 section 15.3.7 allows; the caller then requests the rest.
   */
  readonly end: 'exact' | 'at-most';
  /** `null` before the first response. A response must repeat a known length, never send `*`. */
  readonly completeLength: number | null;
  /** `null` before the first response: there is no validator to compare with yet. */
  readonly validator: Validator | null;
}

/** The check that a response failed. */
export type RangeMismatch =
  | 'status'
  | 'multipart'
  | 'content-encoding'
  | 'content-range'
  | 'start'
  | 'end'
  | 'complete-length'
  | 'content-length'
  | 'validator';

export type RangeCheck =
  | { readonly kind: 'ok'; readonly contentRange: SatisfiedRange }
  | { readonly kind: 'mismatch'; readonly what: RangeMismatch };

function mismatch(what: RangeMismatch): RangeCheck {
  return { kind: 'mismatch', what };
}

/**
 * Compares a response head with the request. The body of an `ok` response must be exactly
 * `contentRange.range`; the caller still has to enforce its byte count while reading.
 *
 * The validator is checked last, so that the mismatch `validator` means a valid response of another
 * representation, which the caller treats as a change and not as an invalid response.
 */
export function checkPartialResponse(head: OriginHead, expected: RangeExpectation): RangeCheck {
  if (head.status !== 206) return mismatch('status');
  const type = trimOws(headerValue(head.headers, 'content-type') ?? '').toLowerCase();
  if (type.startsWith('multipart/')) return mismatch('multipart');
  // The digest is of the plain bytes: a range of a coded form cannot be mapped to them.
  if (expected.validator?.kind === 'digest' && codingOf(head.headers) !== '')
    return mismatch('content-encoding');

  const parsed = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
  if (parsed === undefined || parsed.range === null) return mismatch('content-range');
  const contentRange: SatisfiedRange = { ...parsed, range: parsed.range };
  const { range, completeLength } = contentRange;

  if (expected.completeLength !== null && completeLength !== expected.completeLength) {
    return mismatch('complete-length');
  }
  if (range.start !== expected.range.start) return mismatch('start');
  const last = Math.min(expected.range.end ?? Infinity, completeLength ?? Infinity);
  if (range.end > last) return mismatch('end');
  // With neither a requested end nor a complete length, no response is too short.
  if (expected.end === 'exact' && Number.isFinite(last) && range.end < last) return mismatch('end');
  if (head.contentLength !== null && head.contentLength !== range.end - range.start) {
    return mismatch('content-length');
  }
  if (expected.validator !== null && !validatorMatches(expected.validator, head.headers)) {
    return mismatch('validator');
  }
  return { kind: 'ok', contentRange };
}
