import t from 'tap';
import {
  describe,
  readWhole,
  RUNNING_CHUNK_BYTES as C,
  startForebay,
} from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';
import { startRoom } from '../../fixtures/running-room.js';
import { createGate } from '../../fixtures/scripted-origin.js';

t.test('late readers of a stream wait for it instead of sending a second GET', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 10, { ranges: false }) });
  const gate = createGate();
  origin.next({ kind: 'gate', at: 4 * C, gate });
  const forebay = await startForebay(t, { origin });
  const first = await forebay.open('/a');
  await gate.reached;
  const late = forebay.get('/a');
  const tail = forebay.range('/a', 9 * C, 9 * C + 5);
  await forebay.until((found) => found.get('forebay_inflight_requests') === 3);
  gate.open();
  for (const got of [await readWhole(first.response), await late]) {
    t.ok(got.body.equals(bytesOf(1, 10)), describe(got));
  }
  t.ok((await tail).equals(bytesOf(1, 10).subarray(9 * C, 9 * C + 5)));
  t.equal(origin.requests.length, 1);
});

t.test('a stream without readers goes on while it fits, and ends otherwise', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 10, { ranges: false }) });
  const forebay = await startForebay(t, { origin });
  (await forebay.open('/a')).leave();
  await forebay.holds(10);
  t.equal(origin.requests.length, 1);
  const big = await runOrigin(t, { '/b': fresh(2, 100, { ranges: false }) });
  const small = await startForebay(t, {
    origin: big,
    cache: { capacity: '12MiB' },
    directory: t.testdir({}) + '-small',
  });
  (await small.open('/b')).leave();
  await small.until((found) => found.get('forebay_inflight_fills') === 0);
  t.ok(big.bodyBytes < sizeOf(100), 'it was not fetched without a reader');
});

t.test('an object larger than the capacity streams at its reader\u2019s pace', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 40, { ranges: false }) });
  const forebay = await startForebay(t, { origin, cache: { capacity: '12MiB' } });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 40)), describe(got));
  t.equal(origin.bodyBytes, sizeOf(40));
});

t.test('a stream that breaks off is resumed', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 5) });
  origin.next([{ kind: 'ignore-range' }, { kind: 'reset', afterBytes: 3 * C + 77 }]);
  const forebay = await startForebay(t, { origin });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 5)), describe(got));
});

t.test('a broken stream without length and validator never counts as whole', async (t) => {
  const spec = { ranges: false, etag: null, lastModified: null };
  const origin = await runOrigin(t, { '/a': fresh(1, 4, spec) });
  const remove = origin.script({
    actions: [{ kind: 'chunked' }, { kind: 'reset', afterBytes: 2 * C }],
  });
  const forebay = await startForebay(t, { origin });
  const broken = await forebay.get('/a');
  t.ok(broken.aborted || broken.status >= 500, describe(broken));
  remove();
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 4)), describe(got));
});

t.test(
  'a reader that comes while the first chunk finds its room leads no second fill',
  async (t) => {
    const room = await startRoom(t, { objects: { '/a': fresh(1, 2) } });
    const readers = Array.from({ length: 8 }, async () => {
      const { body } = await room.cache.lookup(room.request('/a'));
      for await (const segment of body.read({ start: 0, end: C })) {
        if (segment.kind === 'growing') await segment.watermark.wait(C - 1);
        if (segment.kind !== 'bytes') segment.release();
      }
      body.close();
    });
    await Promise.all(readers);
    t.equal(room.origin.bodyBytes, C);
  },
);
