/** Judges the first response from a URL by its head alone. Pure; used by open. */
import type { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import type { ByteRange } from '../model/byte-range.js';
import { checkPartialResponse } from '../origin/range-check.js';
import { isRedirect } from '../origin/redirect.js';
import { isDeliberate, isRetryable, statusError } from '../origin/retry.js';

export type OpenVerdict =
  /**
   * A redirect to follow, a 304, a 416 to a range, or a 206 that does not match the request: the
   * body is not needed.
   */
  | { readonly kind: 'head-only' }
  /** A 206 that starts at the requested offset; `range` may end before the requested end. */
  | { readonly kind: 'range'; readonly range: ByteRange; readonly completeLength: number | null }
  /** Content from its beginning; `lengthBytes` is `null` where the head declares no length. */
  | { readonly kind: 'stream'; readonly lengthBytes: number | null }
  /** A transient error status; after the last retry its body is read as a stream. */
  | { readonly kind: 'busy'; readonly error: ForebayError };

/**
 * Judges a response head. `requested`: the range of the request; `nowMs`: ms since the epoch, for
 * Retry-After.
 */
export function judgeOpenHead(
  head: OriginHead,
  requested: ByteRange | null,
  nowMs: number,
): OpenVerdict {
  const { status } = head;
  if (status === 206) return judgePartial(head, requested);
  if (status === 304 || (status === 416 && requested !== null)) return { kind: 'head-only' };
  if (isRedirect(status) && 'location' in head.headers) return { kind: 'head-only' };
  if (isRetryable(status) && !isDeliberate(head.headers)) {
    return { kind: 'busy', error: statusError(head, nowMs) };
  }
  return { kind: 'stream', lengthBytes: head.contentLength };
}

function judgePartial(head: OriginHead, requested: ByteRange | null): OpenVerdict {
  if (requested === null) return { kind: 'head-only' };
  const check = checkPartialResponse(head, {
    range: requested,
    end: 'at-most',
    completeLength: null,
    validator: null,
  });
  if (check.kind === 'mismatch') return { kind: 'head-only' };
  const { range, completeLength } = check.contentRange;
  return { kind: 'range', range, completeLength };
}
