/**
 * Parses Content-Range, the only field that names the bytes of a response. Used by range-check for
 * every 206, and by the workers and the cache. Strict on purpose: a lenient parser would put bytes
 * at the wrong place of a file.
 */
import type { ByteRange } from '../model/byte-range.js';
import type { ContentRange, OriginHead } from '../model/fetch.js';
import { headerValue } from '../model/headers.js';

/** A Content-Range with a range, as a 206 carries it. */
export interface SatisfiedRange extends ContentRange {
  readonly range: ByteRange;
}

/** Range unit, then `first-last` or `*`, then the complete length or `*`. ASCII digits only. */
const SHAPE = /^bytes (?:([0-9]{1,16})-([0-9]{1,16})|\*)\/(?:([0-9]{1,16})|\*)$/i;

/**
 * Parses a Content-Range value (RFC 9110 section 14.4) into half-open form.
 *
 * `undefined` for anything else: another unit, signs, spaces, positions beyond 2^53 - 1, a last
 * position before the first or outside the complete length, or `*` on both sides.
 */
export function parseContentRange(text: string): ContentRange | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [, first, last, complete] = match;
  const completeLength = complete === undefined ? null : Number(complete);
  if (completeLength !== null && !Number.isSafeInteger(completeLength)) return undefined;
  if (first === undefined || last === undefined) {
    return completeLength === null ? undefined : { range: null, completeLength };
  }
  const start = Number(first);
  const end = Number(last) + 1;
  if (!Number.isSafeInteger(end) || start >= end) return undefined;
  if (completeLength !== null && end > completeLength) return undefined;
  return { range: { start, end }, completeLength };
}

/**
 * Returns the complete length of the representation of a 200 or 206; `null` where the head does not
 * declare it, and for any other status.
 */
export function completeLengthOf({ status, headers, contentLength }: OriginHead): number | null {
  if (status === 200) return contentLength;
  if (status !== 206) return null;
  return parseContentRange(headerValue(headers, 'content-range') ?? '')?.completeLength ?? null;
}
