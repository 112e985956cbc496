/**
 * What one response to a range request of a known representation means for the fetch: pure, from
 * its head alone. range-fetch acts on it.
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
  /** A proper 206. Its body ends at `end`, perhaps before the needed end. */
  | { readonly kind: 'partial'; readonly end: number }
  /** A 200 with the whole of the same representation: no range was honoured. It may come coded. */
  | { readonly kind: 'whole'; readonly coding?: Decodable }
  /** Another validator or length; equal `mark`s are the same other representation. */
  | { readonly kind: 'other'; readonly mark: string }
  /** 3xx, 401 or 403: the main thread locates the object again. */
  | { readonly kind: 'resolve-again' }
  /**
   * An unusable 206, or 416 if the object has a digest. `isCoded`: it seems to be of a coded form,
   * so only a request without Range can help.
   */
  | { readonly kind: 'odd-range'; readonly error: ForebayError; readonly isCoded: boolean }
  /** No usable content; `error` says whether to retry. */
  | { readonly kind: 'unusable'; readonly error: ForebayError };

/**
 * Judges `head` as the response to a request for `wanted`. `nowMs` is wall time, for Retry-After.
 */
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
  if (status < 400) return mismatch(`status ${String(status)} to a range request`);
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
  const error = rangeFault(`the 206 differs from what was asked: ${check.what}`);
  return { kind: 'odd-range', error, isCoded: check.what === 'content-encoding' };
}

function judgeWhole(head: OriginHead, known: KnownRepresentation): RangeVerdict {
  const coding = codingOf(head.headers);
  if (known.validator.kind === 'digest' && coding !== '') {
    // Its length is of the coded form; the bytes under it are counted as they come.
    return isDecodable(coding) ? { kind: 'whole', coding } : mismatch(`a 200 coded as ${coding}`);
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
  if (length === known.completeLength) return mismatch('416 to a range within the object');
  if (known.validator.kind === 'digest') {
    // The digest is of the plain bytes: a body of another length may be a coded form of them.
    return { kind: 'odd-range', error: rangeFault('416 of another length'), isCoded: true };
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
