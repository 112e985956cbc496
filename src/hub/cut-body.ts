/**
 * A body without some of its bytes: a long text stays in the store, and is sent from there except
 * for the cuts. Used by hub/json-answers.
 */
import type { Body } from '../cache/api/facade.js';
import type { Segment } from '../model/segment.js';
import { lengthOf } from '../send/segment-bytes.js';
import { bytesOf, type ReadBounds } from './read-body.js';
import { type Cuts, withoutCuts } from './strip-xet.js';

export interface CutOptions {
  /** Bytes of the whole. */
  readonly rawBytes: number;
  readonly cuts: Cuts;
  readonly bounds: ReadBounds;
}

/** `body` without the cuts, which it answers for from now on. */
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
      // The uncut parts are sent from the file, without passing through this process if possible.
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

/** The cuts of the bytes `start <= i < end`, from `start` on. */
function cutsWithin(cuts: Cuts, start: number, end: number): Cuts {
  const found: number[] = [];
  for (let index = firstEndingAfter(cuts, start); index < cuts.length; index += 2) {
    const [from = 0, to = 0] = cuts.subarray(index, index + 2);
    if (from >= end) break;
    found.push(Math.max(from, start) - start, Math.min(to, end) - start);
  }
  return Float64Array.from(found);
}

/** Index of the first cut that ends after byte `at` of the whole. */
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

/** Bytes that are cut before byte `at` of the whole. */
function cutBefore(cuts: Cuts, at: number): number {
  let bytes = 0;
  for (let index = 0; index < cuts.length; index += 2) {
    const [from = 0, to = 0] = cuts.subarray(index, index + 2);
    if (from >= at) break;
    bytes += Math.min(to, at) - from;
  }
  return bytes;
}

/** Where in the whole the byte is that is at `kept` without the cuts: past the cuts before it. */
function rawAt(cuts: Cuts, kept: number): number {
  let at = kept;
  for (let index = 0; index < cuts.length; index += 2) {
    const [from = 0, to = 0] = cuts.subarray(index, index + 2);
    if (from > at) break;
    at += to - from;
  }
  return at;
}
