/**
 * Half-open byte ranges, the only form of range that exists inside Forebay. RFC 9110's inclusive
 * positions appear only where a header is read (http/request/range-header, origin/content-range) or
 * written.
 */

/**
 * Bytes `start <= i < end`. Both are safe integers, `0 <= start <= end`. `Offset` is the kind of
 * offset (model/offset).
 */
export interface ByteRange<Offset extends number = number> {
  readonly start: Offset;
  readonly end: Offset;
}

/** Builds a range and checks it; throws `RangeError` when it is not `0 <= start <= end`. */
export function byteRange(start: number, end: number): ByteRange {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new RangeError(`not a byte range: [${String(start)}, ${String(end)})`);
  }
  return { start, end };
}

/** Number of bytes in the range. */
export function rangeLength(range: ByteRange): number {
  return range.end - range.start;
}

/** True when every byte of `inner` lies in `outer`. */
export function covers(outer: ByteRange, inner: ByteRange): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
