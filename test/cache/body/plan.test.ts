import fc from 'fast-check';
import t from 'tap';
import { planReads } from '#src/cache/body/plan.js';

const CHUNK = 100;

t.test('a range is split into the parts of its chunks, in order', async (t) => {
  t.same(
    [...planReads({ start: 150, end: 320 }, CHUNK)],
    [
      { index: 1, within: { start: 50, end: 100 } },
      { index: 2, within: { start: 0, end: 100 } },
      { index: 3, within: { start: 0, end: 20 } },
    ],
  );
  t.same([...planReads({ start: 100, end: 100 }, CHUNK)], [], 'nothing of nothing');
  t.same(
    [...planReads({ start: 199, end: 200 }, CHUNK)],
    [{ index: 1, within: { start: 99, end: 100 } }],
  );
});

t.test('an endless range is planned only as far as it is read', async (t) => {
  const reads = planReads({ start: 250, end: Infinity }, CHUNK);
  t.same(reads.next().value, { index: 2, within: { start: 50, end: 100 } });
  t.same(reads.next().value, { index: 3, within: { start: 0, end: 100 } });
});

t.test('property: the parts cover the range exactly once, each within its chunk', async () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(2000), fc.integer({ min: 1, max: 300 }), (a, b, chunk) => {
      const range = { start: Math.min(a, b), end: Math.max(a, b) };
      let at = range.start;
      for (const { index, within } of planReads(range, chunk)) {
        if (index * chunk + within.start !== at) return false;
        if (within.end <= within.start || within.end > chunk) return false;
        at = index * chunk + within.end;
      }
      return at === range.end;
    }),
  );
});
