import t from 'tap';
import type { Pull, PullItem } from '#src/cli/api-types.js';
import { countsText, etaText, PullWatch, STALL_NAMED_MS, totals } from '#src/cli/pull-watch.js';

const MIB = 2 ** 20;

function item(parts: Partial<PullItem>): PullItem {
  return {
    url: '/a.bin',
    origin: 'origin',
    target: '/a.bin',
    state: { kind: 'receiving' },
    lengthBytes: 8 * MIB,
    heldBytes: 0,
    receivedBytes: 0,
    verifiedBytes: 0,
    committedBytes: 0,
    rateBytesPerSecond: null,
    etaMs: null,
    error: null,
    ...parts,
  };
}

function pull(...items: Partial<PullItem>[]): Pull {
  return { id: 'p', model: null, state: 'running', items: items.map(item) };
}

t.test('a pull of one URL shows its counts, and its rate once known', async (t) => {
  const watch = new PullWatch();
  watch.update(pull({ state: { kind: 'connecting' }, lengthBytes: null }), 0);
  t.same(watch.live(0), [
    '/a.bin',
    '  asking the origin; received 0 B, verified 0 B, committed 0 B of an unknown length',
  ]);
  const counts = { receivedBytes: 4 * MIB, verifiedBytes: MIB, committedBytes: 2 * MIB };
  watch.update(pull({ ...counts, heldBytes: 2 * MIB }), 100);
  t.equal(
    watch.live(100)[1],
    '  [##########..........]  50 %  rate not known yet; received 4 MiB, verified 1 MiB, committed 2 MiB of 8 MiB; 2 MiB held before',
  );
  watch.update(pull({ ...counts, rateBytesPerSecond: 2 * MIB, etaMs: 1500 }), 200);
  t.match(watch.plain(200), '/a.bin: [#####...............]  25 %  2 MiB/s, about 2 s left; rec');
  watch.update(pull({ ...counts, rateBytesPerSecond: 2 * MIB }), 300);
  t.match(watch.plain(300), ' %  2 MiB/s; received', 'a rate without an end in sight');
});

t.test('a stall is shown within two seconds, and grows without events', async (t) => {
  const watch = new PullWatch();
  watch.update(pull({ receivedBytes: MIB }), 0);
  // An event that brings no byte is no movement.
  watch.update(pull({ receivedBytes: MIB }), 1000);
  t.notMatch(watch.plain(STALL_NAMED_MS - 1), 'stalled');
  t.match(watch.plain(STALL_NAMED_MS), 'stalled 1 s, waiting for the origin');
  t.match(watch.plain(3_999), 'stalled 3 s, waiting for the origin');
  watch.update(pull({ receivedBytes: 2 * MIB }), 4000);
  t.notMatch(watch.plain(4000), 'stalled');
});

t.test("a stall that the server reports continues from the server's duration", async (t) => {
  const watch = new PullWatch();
  watch.update(pull({ state: { kind: 'stalled', sinceMs: 2500, of: 'disk' } }), 0);
  t.match(watch.plain(0), 'stalled 2 s, waiting for the disk');
  t.match(watch.plain(700), 'stalled 3 s, waiting for the disk');
});

t.test('items that are queued, throttled, verifying or done are never stalled', async (t) => {
  for (const kind of ['queued', 'throttled', 'verifying', 'done'] as const) {
    const watch = new PullWatch();
    watch.update(pull({ state: { kind } }), 0);
    t.notMatch(watch.plain(60_000), 'stalled', kind);
  }
});

t.test('the time in the queue does not count towards a stall', async (t) => {
  const watch = new PullWatch();
  watch.update(pull({ state: { kind: 'queued' } }), 0);
  watch.update(pull({ state: { kind: 'connecting' } }), 60_000);
  t.notMatch(watch.plain(60_500), 'stalled');
  t.match(watch.plain(62_000), 'stalled 2 s');
});

t.test('a stall and its end are news once each', async (t) => {
  const watch = new PullWatch();
  watch.update(pull({}, { url: '/b.bin', state: { kind: 'queued' } }), 0);
  t.same(watch.news(0), []);
  t.same(watch.news(2000), ['/a.bin: stalled 2 s, waiting for the origin']);
  t.same(watch.news(3000), []);
  watch.update(pull({ receivedBytes: 1 }, { url: '/b.bin', state: { kind: 'queued' } }), 3100);
  t.same(watch.news(3100), ['/a.bin: goes on']);
  t.same(watch.news(3200), []);
});

t.test('several URLs share one line of totals', async (t) => {
  const watch = new PullWatch();
  const failed = { state: { kind: 'failed', cause: 'origin-connect' } } as const;
  const done = {
    state: { kind: 'done' },
    receivedBytes: 8 * MIB,
    committedBytes: 8 * MIB,
  } as const;
  watch.update(pull(done, failed, { receivedBytes: MIB }), 0);
  t.equal(
    watch.live(0).at(-1),
    '1 of 3 URLs done, 1 failed: received 9 MiB, verified 0 B, committed 8 MiB of 24 MiB',
  );
  t.match(watch.plain(5000), '1 of 3 URLs done, 1 failed, 1 stalled: ');
  const many = Array.from({ length: 9 }, (_, index) =>
    index === 4 ? { url: '/busy' } : { state: { kind: 'queued' } as const },
  );
  watch.update(pull(...many), 0);
  t.match(watch.live(0), ['/busy', /rate not known/, /^0 of 9 URLs done/], 'only what moves');
});

t.test('totals, counts and ETA are formatted as text', async (t) => {
  t.equal(totals([item({}), item({ lengthBytes: null })]).lengthBytes, null);
  t.match(countsText(totals([])), 'of 0 B');
  t.equal(etaText(59_001), '1 min 0 s');
  t.equal(etaText(200_000), '3 min 20 s');
  t.equal(etaText(3_900_000), '1 h 5 min');
});

t.test('files of a model are shown under their names in it', async (t) => {
  const watch = new PullWatch();
  const model = { id: 'acme/tiny', revision: 'main', commit: 'ab'.repeat(20) };
  const below = `/acme/tiny/resolve/${model.commit}/`;
  watch.update({ ...pull({ url: `${below}a.json` }, { url: `${below}b/c.bin` }), model }, 0);
  const lines = watch.live(0);
  t.same([lines[0], lines[2]], ['a.json', 'b/c.bin']);
  t.match(watch.plain(0), /^0 of 2 files done: /);
});
