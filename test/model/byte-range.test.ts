import fc from 'fast-check';
import t from 'tap';
import { byteRange, covers, rangeLength } from '#src/model/byte-range.js';

const ranges = fc
  .tuple(fc.nat(40), fc.nat(40))
  .map(([a, b]) => byteRange(Math.min(a, b), Math.max(a, b)));

t.test('a ByteRange is 0 <= start <= end, in safe integers', async (t) => {
  t.same(byteRange(0, 0), { start: 0, end: 0 });
  t.same(byteRange(3, Number.MAX_SAFE_INTEGER), { start: 3, end: Number.MAX_SAFE_INTEGER });
  for (const [start, end] of [
    [-1, 2],
    [2, 1],
    [0.5, 2],
    [0, NaN],
    [0, Infinity],
    [0, 2 ** 53],
  ] as const) {
    t.throws(() => byteRange(start, end), RangeError, `${String(start)}, ${String(end)}`);
  }
});

t.test('length and covers equal a count of the bytes', async () => {
  const bytes = (range: { start: number; end: number }): number[] =>
    Array.from({ length: rangeLength(range) }, (_, offset) => range.start + offset);
  fc.assert(
    fc.property(ranges, ranges, (outer, inner) => {
      if (rangeLength(inner) === 0) return true;
      const there = new Set(bytes(outer));
      return covers(outer, inner) === bytes(inner).every((byte) => there.has(byte));
    }),
  );
});
