/** Metrics move for the reason that they name: each event is brought about with a real origin. */
import t from 'tap';
import {
  describe,
  RUNNING_CHUNK_BYTES as C,
  readWhole,
  type RunningForebay,
  startForebay,
} from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import { Gate } from '../fixtures/scripted-origin.js';

const COALESCED = 'forebay_collapsed_requests_total';
const WAITS = 'forebay_collapse_wait_seconds_count';
const REDUNDANT = 'forebay_redundant_origin_bytes_total';

/** Whether request is for chunk `index`. */
const forChunk =
  (index: number) =>
  ({ range }: { range: string | undefined }): boolean =>
    range?.startsWith(`bytes=${String(index * C)}-`) === true;

async function ended(forebay: RunningForebay, requests: number): Promise<void> {
  await forebay.until((found) => found.get('forebay_request_duration_seconds_count') === requests);
}

t.test('one reader of many chunks counts no collapsed request', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 4) });
  const forebay = await startForebay(t, { origin });
  t.ok((await forebay.get('/a')).body.equals(bytesOf(1, 4)));
  await ended(forebay, 1);
  t.equal(await forebay.metric(COALESCED), 0);
  t.equal(await forebay.metric(WAITS), 0);
});

t.test('concurrent requests for one object count as waiting for one fetch', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const gate = new Gate();
  origin.script({ actions: [{ kind: 'gate', at: -1, gate }] });
  const forebay = await startForebay(t, { origin });
  const both = [forebay.get('/a'), forebay.get('/a')];
  await gate.reached;
  await forebay.until((found) => found.get('forebay_inflight_requests') === 2);
  gate.open();
  for (const { body } of await Promise.all(both)) t.ok(body.equals(bytesOf(1, 1)));
  await ended(forebay, 2);
  t.equal(await forebay.metric(COALESCED), 1);
  t.equal(await forebay.metric(WAITS), 1);
  t.equal(await forebay.metric('forebay_origin_bytes_total'), sizeOf(1));
});

t.test('a reader of a chunk that another request fetches counts as collapsed', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const forebay = await startForebay(t, { origin, fill: { readAheadChunks: 0 } });
  await forebay.range('/a', 0, 10);
  await forebay.holds(1);
  const gate = new Gate();
  origin.script({ when: forChunk(1), actions: [{ kind: 'gate', at: 1000, gate }] });
  const leader = forebay.range('/a', C, C + 2000);
  await gate.reached;
  const follower = forebay.range('/a', C, C + 2000);
  await forebay.until((found) => found.get('forebay_inflight_requests') === 2);
  t.ok((await forebay.metric('forebay_cache_reserved_bytes')) >= C, 'the fill has its room');
  t.equal(await forebay.metric('forebay_inflight_fills'), 1);
  gate.open();
  const expected = bytesOf(1, 3).subarray(C, C + 2000);
  for (const body of await Promise.all([leader, follower])) t.ok(body.equals(expected));
  await forebay.holds(2);
  await ended(forebay, 3);
  t.equal(await forebay.metric(COALESCED), 1);
  t.equal(await forebay.metric('forebay_cache_reserved_bytes'), 0);
  t.equal(await forebay.metric('forebay_inflight_fills'), 0);
});

t.test('metrics count time to first byte by result, and bytes by source', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const forebay = await startForebay(t, { origin });
  await forebay.get('/a');
  await forebay.holds(1);
  await forebay.get('/a');
  await forebay.get('/a');
  await forebay.get('/%00');
  await ended(forebay, 4);
  const found = await forebay.metrics();
  const firstBytes = (result: string) =>
    found.get(`forebay_time_to_first_byte_seconds_count{result="${result}"}`);
  t.same(['miss', 'hit', 'refused', 'stale'].map(firstBytes), [1, 2, 1, undefined]);
  t.equal(found.get('forebay_client_bytes_total{source="origin"}'), sizeOf(1));
  t.equal(found.get('forebay_requests_total{method="GET",code="200",result="hit"}'), 2);
  t.equal(found.get('forebay_rejected_requests_total{reason="ambiguous-path"}'), 1);
});

t.test('a fetch given up while stalled is a stall, and its retry says so', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const forebay = await startForebay(t, { origin, fill: { idleTimeout: '50ms' } });
  origin.script({ times: 1, actions: [{ kind: 'hang', afterBytes: 2000 }] });
  const got = await forebay.get('/a');
  t.ok(got.body.equals(bytesOf(1, 1)), describe(got));
  await forebay.holds(1);
  const found = await forebay.metrics();
  t.equal(found.get('forebay_origin_stalls_total'), 1);
  t.equal(found.get('forebay_origin_retries_total{reason="origin-timeout"}'), 1);
  t.equal(found.get(REDUNDANT), 0, 'what had come was kept');
});

t.test('bytes of a failed fetch count as redundant, resumed ones do not', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const forebay = await startForebay(t, { origin, fill: { maxAttempts: 2, readAheadChunks: 0 } });
  origin.script({ times: 1, when: forChunk(0), actions: [{ kind: 'reset', afterBytes: C / 2 }] });
  t.equal(
    (await forebay.range('/a', 0, C)).length,
    C,
    'the second attempt goes on where the first broke',
  );
  await forebay.holds(1);
  t.equal(await forebay.metric(REDUNDANT), 0);
  origin.script({
    times: 1,
    when: ({ range }) => range?.startsWith(`bytes=${String(C)}-`) === true,
    actions: [{ kind: 'short', afterBytes: 100 }],
  });
  origin.script({ actions: [{ kind: 'status', status: 500 }] });
  const { response } = await forebay.open('/a', { headers: { range: `bytes=${String(C)}-` } });
  await readWhole(response);
  await forebay.until((found) => found.get(REDUNDANT) === 100);
});
