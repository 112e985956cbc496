/** What the first response from a URL means: pure, from its head alone. open acts on it. */
import type { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import type { ByteRange } from '../model/byte-range.js';
import { checkPartialResponse } from '../origin/range-check.js';
import { isRedirect } from '../origin/redirect.js';
import { isDeliberate, isRetryable, statusError } from '../origin/retry.js';

export type OpenVerdict =
  /**
   * A redirect to follow, 304, 416 to a range, or a 206 with another range: only the head is used.
   */
  | { readonly kind: 'head-only' }
  /** A 206 that begins at the requested start; `range` may end before the requested end. */
  | { readonly kind: 'range'; readonly range: ByteRange; readonly completeLength: number | null }
  /** Content from its beginning; `null` if its length is unknown until the end. */
  | { readonly kind: 'stream'; readonly lengthBytes: number | null }
  /** An error status that may pass; its body becomes a stream once no retry is left. */
  | { readonly kind: 'busy'; readonly error: ForebayError };

/** `asked` is the request's range; `nowMs` is wall time, for Retry-After. */
export function judgeOpenHead(
  head: OriginHead,
  asked: ByteRange | null,
  nowMs: number,
): OpenVerdict {
  const { status } = head;
  if (status === 206) return judgePartial(head, asked);
  if (status === 304 || (status === 416 && asked !== null)) return { kind: 'head-only' };
  if (isRedirect(status) && 'location' in head.headers) return { kind: 'head-only' };
  if (isRetryable(status) && !isDeliberate(head.headers)) {
    return { kind: 'busy', error: statusError(head, nowMs) };
  }
  return { kind: 'stream', lengthBytes: head.contentLength };
}

function judgePartial(head: OriginHead, asked: ByteRange | null): OpenVerdict {
  if (asked === null) return { kind: 'head-only' };
  const expected = { range: asked, end: 'at-most', completeLength: null, validator: null } as const;
  const check = checkPartialResponse(head, expected);
  if (check.kind === 'mismatch') return { kind: 'head-only' };
  const { range, completeLength } = check.contentRange;
  return { kind: 'range', range, completeLength };
}
