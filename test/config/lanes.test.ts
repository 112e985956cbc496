import t from 'tap';
import { baseLanes, laneCount, minimumCapacityBytes, usableLanes } from '#src/config/lanes.js';

const MIB = 2 ** 20;
const DEFAULTS = { threads: 2, connectionsPerThread: 16 };

function usable(capacityMiB: number, fill = DEFAULTS): number {
  return usableLanes({ capacityBytes: capacityMiB * MIB, chunkSizeBytes: 8 * MIB }, fill);
}

t.test('four lanes of a thread count, or as many as it has', async (t) => {
  t.equal(laneCount(DEFAULTS), 32);
  t.equal(baseLanes(DEFAULTS), 8);
  t.equal(baseLanes({ threads: 3, connectionsPerThread: 2 }), 6);
});

t.test('the least capacity is 8 chunks plus one for each counted lane', async (t) => {
  t.equal(minimumCapacityBytes(8 * MIB, DEFAULTS), 128 * MIB);
  t.equal(minimumCapacityBytes(8 * MIB, { threads: 4, connectionsPerThread: 4 }), 192 * MIB);
  t.equal(minimumCapacityBytes(8 * MIB, { threads: 1, connectionsPerThread: 1 }), 72 * MIB);
});

t.test('a small capacity has room for fewer lanes, never for fewer than count', async (t) => {
  t.equal(usable(128), 8);
  t.equal(usable(256), 24);
  t.equal(usable(256 + 7), 24, 'a part of a chunk is none');
  t.equal(usable(320), 32);
  t.equal(usable(1e6), 32);
  t.equal(usable(64), 8, 'what a reload leaves too small is what it was');
  t.equal(usable(1e6, { threads: 1, connectionsPerThread: 2 }), 2);
});
