/**
 * Classifies the head of a URL's first response. Pure; cache/fetch/origin-fetch acts on the result.
 */
import type { ByteRange } from '../../model/byte-range.js';
import { ForebayError } from '../../model/errors.js';
import type { OriginHead } from '../../model/fetch.js';
import { headerValue } from '../../model/headers.js';
import { isStrong, validatorOf } from '../../model/validator.js';
import { parseContentRange } from '../../origin/content-range.js';
import { checkPartialResponse } from '../../origin/range-check.js';
import { isRedirect } from '../../origin/redirect.js';
import { isDeliberate } from '../../origin/retry.js';

export type Judgement =
  | { readonly kind: 'redirect' }
  /** 401 or 403: from a redirected location it may only mean that its signature expired. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'not-modified' }
  /** The requested range is past the end. */
  | { readonly kind: 'unsatisfiable'; readonly completeLength: number }
  /**
   * Request the whole. `odd`: the 206 does not match the Range that was sent, and the host may
   * answer every Range like that; else parts of this representation could not be joined.
   */
  | { readonly kind: 'ask-whole'; readonly odd: boolean }
  | { readonly kind: 'partial'; readonly range: ByteRange; readonly completeLength: number }
  /** The whole body of a final response, whatever its status. */
  | { readonly kind: 'whole'; readonly lengthBytes: number | null }
  | { readonly kind: 'nonsense'; readonly error: ForebayError };

/** Classifies `head` as the response to a request for `range`; `null`: for the whole. */
export function judge(
  head: OriginHead,
  range: { readonly start: number; readonly end: number } | null,
): Judgement {
  if (isRedirect(head.status) && 'location' in head.headers) return { kind: 'redirect' };
  switch (head.status) {
    case 206:
      return range === null ? nonsense('206 to a request without a range') : partial(head, range);
    case 304:
      return { kind: 'not-modified' };
    case 401:
    case 403:
      return { kind: 'denied' };
    case 416:
      return unsatisfiable(head, range);
    case 400:
    case 501:
      // A server that fails on a Range field may answer a request without one.
      return range === null || isDeliberate(head.headers)
        ? whole(head)
        : { kind: 'ask-whole', odd: false };
    default:
      return whole(head);
  }
}

function whole(head: OriginHead): Judgement {
  return { kind: 'whole', lengthBytes: head.contentLength };
}

function partial(head: OriginHead, requested: { start: number; end: number }): Judgement {
  const check = checkPartialResponse(head, {
    range: requested,
    end: 'at-most',
    completeLength: null,
    validator: null,
  });
  if (check.kind === 'mismatch') return { kind: 'ask-whole', odd: true };
  const { range, completeLength } = check.contentRange;
  if (completeLength === null) return { kind: 'ask-whole', odd: false };
  const isAll = range.start === 0 && range.end === completeLength;
  if (isAll) return { kind: 'partial', range, completeLength };
  if (!isStrong(validatorOf(head.headers))) return { kind: 'ask-whole', odd: false };
  return { kind: 'partial', range, completeLength };
}

function unsatisfiable(head: OriginHead, requested: { start: number } | null): Judgement {
  const parsed = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
  if (requested === null) return whole(head);
  // An empty object has no satisfiable range: only a response to a whole GET has its other fields.
  if (requested.start === 0 || typeof parsed?.completeLength !== 'number')
    return { kind: 'ask-whole', odd: false };
  return { kind: 'unsatisfiable', completeLength: parsed.completeLength };
}

function nonsense(message: string): Judgement {
  const error = new ForebayError('origin-range-mismatch', `the origin sent ${message}`, {
    source: 'origin',
    retryable: true,
  });
  return { kind: 'nonsense', error };
}
