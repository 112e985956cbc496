import fc from 'fast-check';
import t from 'tap';
import { covers } from '#src/model/byte-range.js';
import { parseRange, resolveRange } from '#src/http/request/range-header.js';
import {
  MAX_MULTIPART_BYTES,
  MAX_PARTS,
  type RangeSelection,
  selectRanges,
} from '#src/http/reply/range-set.js';

function select(field: string, length = 1000): RangeSelection {
  const parsed = parseRange(field);
  if (parsed.kind !== 'ranges') throw new Error(`not read: ${field}`);
  return selectRanges(parsed.ranges, length);
}

/** Parts as `[start, end]`. */
function parts(field: string, length?: number): unknown {
  const selection = select(field, length);
  if (selection.kind !== 'parts') return selection.kind;
  return selection.parts.map(({ start, end }) => [start, end]);
}

t.test('one range is clamped to the length', (t) => {
  t.same(parts('bytes=0-0'), [[0, 1]]);
  t.same(parts('bytes=990-5000'), [[990, 1000]]);
  t.same(parts('bytes=-5000'), [[0, 1000]]);
  t.equal(parts('bytes=1000-'), 'unsatisfiable');
  t.equal(parts('bytes=-0'), 'unsatisfiable');
  t.end();
});

t.test('several ranges keep the requested order, and unsatisfiable ones are left out', (t) => {
  t.same(parts('bytes=500-509,0-9,-10'), [
    [500, 510],
    [0, 10],
    [990, 1000],
  ]);
  t.same(parts('bytes=5000-,0-9,1000-1001'), [[0, 10]]);
  t.equal(parts('bytes=1000-,2000-2001,-0'), 'unsatisfiable', 'none of them can be');
  t.end();
});

t.test('adjacent ranges are joined at the place of the first one', (t) => {
  t.same(parts('bytes=0-9,10-19'), [[0, 20]]);
  t.same(parts('bytes=10-19,500-501,0-9'), [
    [0, 20],
    [500, 502],
  ]);
  t.same(parts('bytes=500-501,10-19,0-9'), [
    [500, 502],
    [0, 20],
  ]);
  t.same(parts('bytes=0-9,11-19'), [
    [0, 10],
    [11, 20],
  ]);
  t.end();
});

t.test('one overlap is joined, more overlaps are refused as an attack', (t) => {
  t.same(parts('bytes=0-10,5-19'), [[0, 20]]);
  t.same(parts('bytes=0-99,10-19,500-501'), [
    [0, 100],
    [500, 502],
  ]);
  t.equal(parts('bytes=0-,0-,0-'), 'whole');
  t.equal(parts('bytes=0-99,10-19,30-39'), 'whole', 'both within the first');
  t.equal(parts('bytes=30-39,10-19,0-99'), 'whole', 'in any order');
  t.end();
});

t.test('the number of parts and their bytes are bounded', (t) => {
  const spread = (count: number) =>
    `bytes=${Array.from({ length: count }, (_, i) => `${String(2 * i)}-${String(2 * i)}`).join()}`;
  t.equal((parts(spread(MAX_PARTS)) as unknown[]).length, MAX_PARTS);
  t.equal(parts(spread(MAX_PARTS + 1)), 'whole');
  const half = MAX_MULTIPART_BYTES / 2;
  const two = (more: number) =>
    `bytes=0-${String(half - 1)},${String(2 * half)}-${String(3 * half - 1 + more)}`;
  t.not(parts(two(0), 2 ** 40), 'whole');
  t.equal(parts(two(1), 2 ** 40), 'whole');
  t.same(parts('bytes=0-', 2 ** 40), [[0, 2 ** 40]], 'one range may be as long as it likes');
  t.end();
});

t.test('a suffix range of an empty object is the whole object', (t) => {
  t.equal(parts('bytes=-5', 0), 'whole');
  t.equal(parts('bytes=-5,-6', 0), 'whole');
  t.equal(parts('bytes=0-,-0', 0), 'unsatisfiable');
  t.end();
});

t.test('property: parts hold exactly the satisfiable requested bytes, each once', (t) => {
  const spec = fc.oneof(
    fc
      .tuple(fc.nat(120), fc.nat(120))
      .map(([a, b]) => `${String(Math.min(a, b))}-${String(Math.max(a, b))}`),
    fc.nat(120).map((first) => `${String(first)}-`),
    fc.nat(120).map((length) => `-${String(length)}`),
  );
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 6 }), fc.nat(100), (specs, length) => {
      const field = parseRange(`bytes=${specs.join()}`);
      if (field.kind !== 'ranges') throw new Error(`not read: ${specs.join()}`);
      const selection = selectRanges(field.ranges, length);
      const resolved = field.ranges
        .map((range) => resolveRange(range, length))
        .filter((range) => range !== 'unsatisfiable');
      if (selection.kind === 'unsatisfiable') return resolved.length === 0;
      if (selection.kind === 'whole') return resolved.length > 0;
      const asked = new Set<number>();
      for (const { start, end } of resolved) for (let i = start; i < end; i += 1) asked.add(i);
      let given = 0;
      for (const part of selection.parts) {
        if (part.start >= part.end || !covers({ start: 0, end: length }, part)) return false;
        for (let i = part.start; i < part.end; i += 1) {
          if (!asked.delete(i)) return false;
          given += 1;
        }
      }
      return asked.size === 0 && given <= length;
    }),
    { numRuns: 500 },
  );
  t.end();
});
