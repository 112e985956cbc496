/**
 * The checklist that every 206 passes before one of its bytes is used: nginx's slice module's list,
 * with multipart added. Pure; the workers call it on each response head.
 */
import { codingOf } from '../model/content-coding.js';
import type { OriginHead } from '../model/fetch.js';
import { trimOws } from '../model/field-syntax.js';
import { headerValue } from '../model/headers.js';
import { validatorMatches, type Validator } from '../model/validator.js';
import { parseContentRange, type SatisfiedRange } from './content-range.js';

/** The request, and the known facts about the representation. */
export interface RangeExpectation {
  /** The requested bytes; an `end` of `null` requests all bytes from `start`. */
  readonly range: { readonly start: number; readonly end: number | null };
  /**
   * `exact`: the response must hold every requested byte that exists. `at-most`: it may end
   * earlier, which RFC 9110 section 15.3.7 allows; the caller requests the rest.
   */
  readonly end: 'exact' | 'at-most';
  /** `null` before the first response. A known length must come back the same, never as `*`. */
  readonly completeLength: number | null;
  /** `null` before the first response: nothing to compare with. */
  readonly validator: Validator | null;
}

/** The line of the checklist that a response failed. */
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
 * Compares a response head with its request. The body of an `ok` response is exactly
 * `contentRange.range`; the caller still enforces its length.
 *
 * The validator is compared last: the verdict `validator` means a proper response of another
 * representation, that is a change and not a fault.
 */
export function checkPartialResponse(head: OriginHead, expected: RangeExpectation): RangeCheck {
  if (head.status !== 206) return mismatch('status');
  const type = trimOws(headerValue(head.headers, 'content-type') ?? '').toLowerCase();
  if (type.startsWith('multipart/')) return mismatch('multipart');
  // The digest is of the plain bytes: positions in a coded form mean nothing for them.
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
  // Without a requested end and a complete length the response cannot be short.
  if (expected.end === 'exact' && Number.isFinite(last) && range.end < last) return mismatch('end');
  if (head.contentLength !== null && head.contentLength !== range.end - range.start) {
    return mismatch('content-length');
  }
  if (expected.validator !== null && !validatorMatches(expected.validator, head.headers)) {
    return mismatch('validator');
  }
  return { kind: 'ok', contentRange };
}
