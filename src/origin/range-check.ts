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

/** What was asked, and what is known of the representation so far. */
export interface RangeExpectation {
  /** The bytes asked for; an `end` of `null` asked to the end. */
  readonly range: { readonly start: number; readonly end: number | null };
  /**
   * `exact`: the response must hold all that was asked and exists. `at-most`: it may stop earlier,
   * which RFC 9110 section 15.3.7 allows; the caller asks again for the rest.
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
 * Compares a response head with what was asked. The body of an `ok` response is exactly
 * `contentRange.range`; its byte count is still to be enforced while reading.
 *
 * The validator is the last line, so that `validator` means: a proper answer about another
 * representation, which the caller treats as a change and not as nonsense.
 */
export function checkPartialResponse(head: OriginHead, expected: RangeExpectation): RangeCheck {
  if (head.status !== 206) return mismatch('status');
  const type = trimOws(headerValue(head.headers, 'content-type') ?? '').toLowerCase();
  if (type.startsWith('multipart/')) return mismatch('multipart');
  // Named by the digest of its plain bytes: positions in a coded form say nothing of them.
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
  // With neither an asked end nor a complete length there is nothing to fall short of.
  if (expected.end === 'exact' && Number.isFinite(last) && range.end < last) return mismatch('end');
  if (head.contentLength !== null && head.contentLength !== range.end - range.start) {
    return mismatch('content-length');
  }
  if (expected.validator !== null && !validatorMatches(expected.validator, head.headers)) {
    return mismatch('validator');
  }
  return { kind: 'ok', contentRange };
}
