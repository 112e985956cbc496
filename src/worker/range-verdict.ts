/**
 * Judges one response to a range request for a known representation by its head alone. Pure; used
 * by range-fetch.
 */
import { codingOf, type Decodable, isDecodable } from '../model/content-coding.js';
import type { OriginHead } from '../model/fetch.js';
import type { ByteRange } from '../model/byte-range.js';
import type { ForebayError } from '../model/errors.js';
import { headerValue } from '../model/headers.js';
import { fieldOf, type Validator, validatorMatches, validatorOf } from '../model/validator.js';
import { parseContentRange } from '../origin/content-range.js';
import { checkPartialResponse } from '../origin/range-check.js';
import { statusError } from '../origin/retry.js';
import { originFault } from './faults.js';

/** The representation that every response must be of. */
export interface KnownRepresentation {
  readonly completeLength: number;
  /** Strong. */
  readonly validator: Validator;
}

export type RangeVerdict =
  /** A valid 206. Its body ends at `end`, which may be before the wanted end. */
  | { readonly kind: 'partial'; readonly end: number }
  /** A 200 with the whole of the same representation, perhaps coded: Range was ignored. */
  | { readonly kind: 'whole'; readonly coding?: Decodable }
  /** Another validator or length. Equal `mark`s mean the same other representation. */
  | { readonly kind: 'other'; readonly mark: string }
  /** 3xx, 401 or 403: the main thread must find the URL and credentials of the next request. */
  | { readonly kind: 'resolve-again' }
  /**
   * A 206 that does not match the request, or a 416 of a coded form: no byte of it can be trusted.
   * `isCoded`: the origin sends a coded form of the representation, so a retry of the range cannot
   * help.
   */
  | { readonly kind: 'odd-range'; readonly error: ForebayError; readonly isCoded: boolean }
  /** No usable content; `error.retryable` decides whether to retry. */
  | { readonly kind: 'unusable'; readonly error: ForebayError };

/** Judges the response to a request for `wanted`. `nowMs`: ms since the epoch, for Retry-After. */
export function judgeRangeResponse(
  head: OriginHead,
  wanted: ByteRange,
  known: KnownRepresentation,
  nowMs: number,
): RangeVerdict {
  const { status } = head;
  if (status === 206) return judgePartial(head, wanted, known);
  if (status === 200) return judgeWhole(head, known);
  if (status === 416) return judgeUnsatisfiable(head, known);
  if (status === 401 || status === 403 || (status >= 300 && status < 400 && status !== 304)) {
    return { kind: 'resolve-again' };
  }
  if (status < 400) return mismatch(`the origin answered ${String(status)} to a range request`);
  return { kind: 'unusable', error: statusError(head, nowMs) };
}

function judgePartial(
  head: OriginHead,
  wanted: ByteRange,
  known: KnownRepresentation,
): RangeVerdict {
  const check = checkPartialResponse(head, { range: wanted, end: 'at-most', ...known });
  if (check.kind === 'ok') return { kind: 'partial', end: check.contentRange.range.end };
  if (check.what === 'validator') return other(head, known.completeLength);
  if (check.what === 'complete-length') {
    const seen = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
    const length = seen?.completeLength ?? null;
    if (length !== null) return other(head, length);
  }
  const error = rangeFault(`the 206 does not match the request: ${check.what}`);
  return { kind: 'odd-range', error, isCoded: check.what === 'content-encoding' };
}

function judgeWhole(head: OriginHead, known: KnownRepresentation): RangeVerdict {
  const coding = codingOf(head.headers);
  if (known.validator.kind === 'digest' && coding !== '') {
    // Content-Length is that of the coded form; the plain bytes are counted as they arrive.
    if (isDecodable(coding)) return { kind: 'whole', coding };
    return mismatch(`the 200 has a content coding that cannot be decoded: ${coding}`);
  }
  if (!validatorMatches(known.validator, head.headers)) return other(head, head.contentLength);
  if (head.contentLength === null || head.contentLength === known.completeLength) {
    return { kind: 'whole' };
  }
  return other(head, head.contentLength);
}

function judgeUnsatisfiable(head: OriginHead, known: KnownRepresentation): RangeVerdict {
  const seen = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
  const length = seen?.completeLength ?? null;
  if (length === known.completeLength) {
    return mismatch('the origin answered 416 to a range within the object');
  }
  if (known.validator.kind === 'digest') {
    // The digest fixes the bytes, so the other length may be that of a coded form.
    const error = rangeFault('the origin answered 416 with another complete length');
    return { kind: 'odd-range', error, isCoded: true };
  }
  return { kind: 'other', mark: `416/${String(length)}` };
}

function other(head: OriginHead, completeLength: number | null): RangeVerdict {
  const validator = validatorOf(head.headers);
  const value = fieldOf(validator) ?? '';
  return { kind: 'other', mark: `${validator.kind}/${value}/${String(completeLength)}` };
}

function mismatch(message: string): RangeVerdict {
  return { kind: 'unusable', error: rangeFault(message) };
}

function rangeFault(message: string): ForebayError {
  return originFault('origin-range-mismatch', message);
}
