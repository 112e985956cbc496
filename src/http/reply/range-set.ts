/**
 * The parts of a representation that a Range field selects, once the length is known (RFC 9110
 * sections 14.2 and 15.3.7.2). Pure; used by http/reply/respond. Many or overlapping ranges make a
 * short request expensive (RangeAmp): beyond the bounds here the whole is sent.
 */
import { type ByteRange, rangeLength } from '../../model/byte-range.js';
import { type RangeSpec, resolveRange } from '../request/range-header.js';

/** Parts of one response. Each may need a chunk of its own from the origin. */
export const MAX_PARTS = 16;

/**
 * Bytes of all parts together. One broken part costs the client all of them: larger reads are
 * better made by several requests.
 */
export const MAX_MULTIPART_BYTES = 256 * 1024 * 1024;

/**
 * Ranges that begin inside another one: a client may be off by one, RFC 9110 names no use for more.
 */
export const MAX_OVERLAPS = 1;

export type RangeSelection =
  /** The Range field has no effect. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  /** Neither empty nor touching, in the order requested; there is at least one. */
  | { readonly kind: 'parts'; readonly parts: readonly ByteRange[] };

/**
 * Selects from a representation of `completeLength` bytes. `specs`: the requested ranges, at least
 * one.
 */
export function selectRanges(specs: readonly RangeSpec[], completeLength: number): RangeSelection {
  const satisfiable = specs
    .map((spec) => resolveRange(spec, completeLength))
    .filter((range) => range !== 'unsatisfiable');
  if (satisfiable.length === 0) return { kind: 'unsatisfiable' };
  const asked = satisfiable.filter((range) => rangeLength(range) > 0);
  if (asked.length === 0 || overlapsOf(asked) > MAX_OVERLAPS) return { kind: 'whole' };
  const parts = coalesced(asked);
  if (parts.length > 1 && !isModest(parts)) return { kind: 'whole' };
  return { kind: 'parts', parts };
}

function isModest(parts: readonly ByteRange[]): boolean {
  const total = parts.reduce((sum, part) => sum + rangeLength(part), 0);
  return parts.length <= MAX_PARTS && total <= MAX_MULTIPART_BYTES;
}

/** How many ranges begin before one that begins no later has ended. */
function overlapsOf(ranges: readonly ByteRange[]): number {
  let count = 0;
  let reached = 0;
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    if (start < reached) count += 1;
    reached = Math.max(reached, end);
  }
  return count;
}

/** Joins ranges that touch or overlap; a joined range has the position of its first member. */
function coalesced(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const placed = ranges.map((range, place) => ({ ...range, place }));
  placed.sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number; place: number }[] = [];
  for (const next of placed) {
    const last = joined.at(-1);
    if (last === undefined || next.start > last.end) joined.push(next);
    else {
      last.end = Math.max(last.end, next.end);
      last.place = Math.min(last.place, next.place);
    }
  }
  return joined.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}
