import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import type { ChunkProgress } from '#src/cache/flight/flight-progress.js';
import { ReadProgress } from '#src/cache/body/read-progress.js';
import { FORWARD } from '#src/model/write-order.js';

function view(receivedBytes: number, more: Partial<ChunkProgress> = {}) {
  let now: ChunkProgress = {
    receivedBytes,
    verifiedBytes: 0,
    committedBytes: 0,
    order: FORWARD,
    state: { kind: 'receiving' },
    settled: false,
    ...more,
  };
  return {
    progress: () => now,
    set: (next: Partial<ChunkProgress>) => {
      now = { ...now, ...next };
    },
  };
}

t.test('ReadProgress counts only the requested parts', async (t) => {
  const progress = new ReadProgress();
  t.equal(progress.state(0), undefined);
  const first = view(60);
  progress.opened(first, 0, 50, 100, 0);
  t.match(progress.counts(0), { receivedBytes: 10, committedBytes: 0 });
  first.set({ receivedBytes: 100, verifiedBytes: 70, committedBytes: 100, settled: true });
  progress.opened(view(100), 100, 100, 120, 0);
  t.same(progress.counts(0), { receivedBytes: 70, verifiedBytes: 20, committedBytes: 50 });
  t.same(progress.state(0), { kind: 'receiving' });
  t.same(progress.unsettled(0), [100]);
});

t.test('ReadProgress counts the arrived bytes of a chunk filled from its middle', async (t) => {
  const order = { start: 2 * GROUP_SIZE_BYTES, lengthBytes: 4 * GROUP_SIZE_BYTES };
  const chunk = view(GROUP_SIZE_BYTES + 10, { order });
  const reading = (from: number, to: number): number => {
    const progress = new ReadProgress();
    progress.opened(chunk, 100, 100 + from * GROUP_SIZE_BYTES, 100 + to * GROUP_SIZE_BYTES, 0);
    return progress.counts(0).receivedBytes;
  };
  t.equal(reading(2, 4), GROUP_SIZE_BYTES + 10);
  t.equal(reading(3, 4), 10);
  t.equal(reading(0, 2), 0, 'not what came for others');
  chunk.set({ receivedBytes: 2 * GROUP_SIZE_BYTES + 10 });
  t.equal(reading(0, 2), 10);
  t.equal(reading(0, 4), 2 * GROUP_SIZE_BYTES + 10);
});

t.test('ReadProgress counts no byte twice after a restart of the read', async (t) => {
  const progress = new ReadProgress();
  progress.opened(view(100), 0, 0, 100, 0);
  progress.rewound(40);
  progress.opened(view(100), 0, 40, 100, 0);
  t.match(progress.counts(0), { receivedBytes: 100 });
});

t.test('ReadProgress keeps few parts of a long read, the unsettled ones among them', async (t) => {
  const progress = new ReadProgress();
  const late = view(10);
  progress.opened(late, 0, 0, 10, 0);
  for (let index = 1; index <= 1000; index += 1) {
    const at = index * 10;
    progress.opened(view(10, { settled: true }), at, at, at + 10, 0);
  }
  t.match(progress.counts(0), { receivedBytes: 10_010, committedBytes: 0 });
  t.same(progress.unsettled(0), [0]);
  late.set({ committedBytes: 10, settled: true });
  t.match(progress.counts(0), { receivedBytes: 10_010, committedBytes: 10 });
  t.same(progress.unsettled(0), []);
});
