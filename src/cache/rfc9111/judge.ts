/**
 * Decides what the head of a first response means for the request. Pure; cache/fetch/origin-fetch
 * acts on it.
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
  /** 401 or 403: of a redirected location it may only mean that its signature expired. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'not-modified' }
  /** The requested range lies past the end. */
  | { readonly kind: 'unsatisfiable'; readonly completeLength: number }
  /**
   * Repeat the request without Range. `odd`: the response is no valid answer to a Range, and this
   * host may have none; else parts of this representation could not be combined.
   */
  | { readonly kind: 'ask-whole'; readonly odd: boolean }
  | { readonly kind: 'partial'; readonly range: ByteRange; readonly completeLength: number }
  /** The whole body of a final response, whatever its status. */
  | { readonly kind: 'whole'; readonly lengthBytes: number | null }
  | { readonly kind: 'nonsense'; readonly error: ForebayError };

export function judge(
  head: OriginHead,
  asked: { readonly start: number; readonly end: number } | null,
): Judgement {
  if (isRedirect(head.status) && 'location' in head.headers) return { kind: 'redirect' };
  switch (head.status) {
    case 206:
      return asked === null ? nonsense('206 to a request without a range') : partial(head, asked);
    case 304:
      return { kind: 'not-modified' };
    case 401:
    case 403:
      return { kind: 'denied' };
    case 416:
      return unsatisfiable(head, asked);
    case 400:
    case 501:
      // A server that stumbles over Range may have an answer for who does not send it.
      return asked === null || isDeliberate(head.headers)
        ? whole(head)
        : { kind: 'ask-whole', odd: false };
    default:
      return whole(head);
  }
}

function whole(head: OriginHead): Judgement {
  return { kind: 'whole', lengthBytes: head.contentLength };
}

function partial(head: OriginHead, asked: { start: number; end: number }): Judgement {
  const check = checkPartialResponse(head, {
    range: asked,
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

function unsatisfiable(head: OriginHead, asked: { start: number } | null): Judgement {
  const parsed = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
  if (asked === null) return whole(head);
  // An empty object has no satisfiable range: only a whole answer has its other fields.
  if (asked.start === 0 || typeof parsed?.completeLength !== 'number')
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
