import t from 'tap';
import { holdsChunks } from '#src/cache/object/holds-chunks.js';
import type { Flight } from '#src/cache/flight/flight.js';

const object = (held: readonly number[], atHand: readonly number[] = []) => ({
  endIndex: 4,
  endReason: undefined,
  isHeld: (index: number) => held.includes(index),
  flight: (index: number) =>
    atHand.includes(index) ? ({ isAtHand: true } as unknown as Flight) : undefined,
});

t.test('holdsChunks is true for held chunks and for completely arrived ones', async (t) => {
  t.equal(holdsChunks(object([0, 1]), 0, 2), true);
  t.equal(holdsChunks(object([0], [1]), 0, 2), true);
  t.equal(holdsChunks(object([0]), 0, 2), false);
});

t.test('holdsChunks ignores chunks beyond the last', async (t) => {
  t.equal(holdsChunks(object([0, 1, 2, 3]), 0, Infinity), true);
  t.equal(holdsChunks(object([]), 4, 9), true);
});

t.test('holdsChunks is false for an object that has ended', async (t) => {
  t.equal(holdsChunks({ ...object([0]), endReason: 'purged' }, 0, 1), false);
});
