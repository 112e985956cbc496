/**
 * Wraps a stored body so that readers get it without some byte ranges, the cuts. Segments without
 * a cut pass unread, so that long JSON need not be in memory. Used by hub/json-answers.
 */
import type { Body } from '../cache/api/facade.js';
import type { Segment } from '../model/segment.js';
import { lengthOf } from '../send/segment-bytes.js';
import { bytesOf, type ReadBounds } from './read-body.js';
import { type Cuts, withoutCuts } from './strip-xet.js';

export interface CutOptions {
  /** Length of the stored body. */
  readonly rawBytes: number;
  readonly cuts: Cuts;
  readonly bounds: ReadBounds;
}

/** Returns `body` without the cuts. Closing the result closes `body`. */
export function cutBody(body: Body, { rawBytes, cuts, bounds }: CutOptions): Body {
  return {
    lengthBytes: rawBytes - cutBefore(cuts, rawBytes),
    acceptsRanges: false,
    isKept: body.isKept,
    read: ({ start, end }, after) => {
      const from = rawAt(cuts, start);
      const to = end === Infinity ? rawBytes : Math.min(rawAt(cuts, end), rawBytes);
      return segments(body.read({ start: from, end: to }, after), from, cuts, bounds);
    },
    cost: () => body.cost(),
    close: () => {
      body.close();
    },
  };
}

async function* segments(
  raw: AsyncIterable<Segment>,
  from: number,
  cuts: Cuts,
  bounds: ReadBounds,
): AsyncGenerator<Segment> {
  let at = from;
  for await (const segment of raw) {
    const end = at + lengthOf(segment);
    if (cutsWithin(cuts, at, end).length === 0) {
      // Passed on unread: a file segment can go out by sendfile.
      yield segment;
      at = end;
      continue;
    }
    for await (const piece of bytesOf(segment, bounds)) {
      const bytes = withoutCuts(piece, cutsWithin(cuts, at, at + piece.length));
      at += piece.length;
      if (bytes.length > 0) yield { kind: 'bytes', bytes };
    }
    at = end;
  }
}

/** Returns the cuts within `start <= i < end`, relative to `start`. */
function cutsWithin(cuts: Cuts, start: number, end: number): Cuts {
  const found: number[] = [];
  for (let index = firstEndingAfter(cuts, start); index < cuts.length; index += 2) {
    const [from = 0, to = 0] = cuts.subarray(index, index + 2);
    if (from >= end) break;
    found.push(Math.max(from, start) - start, Math.min(to, end) - start);
  }
  return Float64Array.from(found);
}

/** Returns the index of the first cut that ends after byte `at` of the stored body. */
function firstEndingAfter(cuts: Cuts, at: number): number {
  let low = 0;
  let high = cuts.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cuts[2 * middle + 1] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return 2 * low;
}

/** Returns how many bytes are cut before byte `at` of the stored body. */
function cutBefore(cuts: Cuts, at: number): number {
  let bytes = 0;
  for (let index = 0; index < cuts.length; index += 2) {
    const [from = 0, to = 0] = cuts.subarray(index, index + 2);
    if (from >= at) break;
    bytes += Math.min(to, at) - from;
  }
  return bytes;
}

/** Converts an offset in the cut text to an offset in the stored body, past all cuts before it. */
function rawAt(cuts: Cuts, kept: number): number {
  let at = kept;
  for (let index = 0; index < cuts.length; index += 2) {
    const [from = 0, to = 0] = cuts.subarray(index, index + 2);
    if (from > at) break;
    at += to - from;
  }
  return at;
}
