import fc from 'fast-check';
import t from 'tap';
import { GROUP_SIZE_BYTES as G } from '#src/model/chunk.js';
import {
  FILL_START_BYTES,
  FORWARD,
  orderFrom,
  startFor,
  type WriteOrder,
  writtenTo,
  writtenWithin,
} from '#src/model/write-order.js';

t.test('writing starts with the requested group', async (t) => {
  t.same(orderFrom(0, 8 * G), FORWARD);
  t.same(orderFrom(G - 1, 8 * G), FORWARD);
  t.same(orderFrom(G, 8 * G), { start: G, lengthBytes: 8 * G });
  t.same(orderFrom(8 * G - 1, 8 * G), { start: 7 * G, lengthBytes: 8 * G });
  t.same(orderFrom(2 * G, 2 * G), FORWARD, 'what is past the end is nowhere');
});

t.test('an ungated fill starts closer to the requested byte', async (t) => {
  t.equal(startFor(G - 1, FILL_START_BYTES), 0, 'in the first group it begins at its beginning');
  t.equal(startFor(G, FILL_START_BYTES), G);
  t.equal(startFor(G + 3 * FILL_START_BYTES - 1, FILL_START_BYTES), G + 2 * FILL_START_BYTES);
  const start = startFor(7 * G + 100_000, FILL_START_BYTES);
  t.ok(start <= 7 * G + 100_000 && start > 7 * G + 100_000 - FILL_START_BYTES);
  t.same(orderFrom(start, 8 * G, FILL_START_BYTES), { start, lengthBytes: 8 * G });
});

/** The bytes that are there, one by one. */
function bytesOf({ start, lengthBytes }: WriteOrder, count: number): Set<number> {
  return new Set(Array.from({ length: count }, (_, index) => (start + index) % lengthBytes));
}

t.test('property: the readable bytes equal those of a byte-by-byte simulation', async (t) => {
  const cases = fc.integer({ min: 1, max: 40 }).chain((lengthBytes) =>
    fc.record({
      order: fc.record({ start: fc.nat(lengthBytes - 1), lengthBytes: fc.constant(lengthBytes) }),
      count: fc.nat(lengthBytes),
      at: fc.nat(lengthBytes - 1),
      to: fc.nat(lengthBytes),
    }),
  );
  fc.assert(
    fc.property(cases, ({ order, count, at, to }) => {
      const there = bytesOf(order, count);
      const readable = writtenTo(order, count, at);
      t.equal(readable > at, there.has(at));
      for (let byte = at; byte < readable; byte += 1) t.ok(there.has(byte));
      // It may stop at the byte where writing began, and nowhere else.
      if (readable > at) t.ok(!there.has(readable) || readable === order.start);
      const range = { start: Math.min(at, to), end: Math.max(at, to) };
      const within = [...there].filter((byte) => byte >= range.start && byte < range.end);
      t.equal(writtenWithin(order, count, range), within.length);
    }),
  );
});

t.test('a fill from the start needs no length', async (t) => {
  t.equal(writtenTo(FORWARD, 10, 3), 10);
  t.equal(writtenWithin(FORWARD, 10, { start: 3, end: 30 }), 7);
});
