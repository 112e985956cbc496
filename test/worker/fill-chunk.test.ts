/** Fills of one chunk from a real origin: exact bytes and ids, or the result that says why not. */
import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import { CANCEL_POLL_MS } from '#src/worker/cancel-watch.js';
import { fillChunk } from '#src/worker/fill-chunk.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import {
  type Action,
  createGate,
  DEFAULT_ETAG,
  patternBytes,
} from '../fixtures/scripted-origin.js';
import {
  expected,
  CHUNK,
  expectedIds,
  LENGTH,
  isRight,
  startFilling,
} from '../fixtures/worker-filling.js';
import { failed, LIMITS, oracleRoot } from '../fixtures/worker-harness.js';

void t.test('a proper origin gives exact bytes and ids with one If-Range request', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  const made = chunk();
  const result = await fillChunk(task(made), harness.context);
  isRight(t, result, made);
  t.same(result.stats, { originBytes: CHUNK, statuses: [206], retries: [], stalls: 0 });
  t.equal(result.diskFailure, null);
  t.equal(origin.requests[0]?.headers['if-range'], DEFAULT_ETAG);
  t.equal(origin.requests[0]?.range, `bytes=${String(CHUNK)}-${String(2 * CHUNK - 1)}`);
});

void t.test('a one-chunk object has its root as id', async (t) => {
  const { origin, harness, task } = await startFilling(t);
  for (const length of [1, 1000, GROUP_SIZE_BYTES, GROUP_SIZE_BYTES + 1, CHUNK]) {
    origin.objects.set('/o', { bytes: { seed: 3, length } });
    const made = harness.slot(length);
    const result = await fillChunk({ ...task(made), completeLength: length }, harness.context);
    const root = oracleRoot(patternBytes(3, 0, length));
    t.match(result, { kind: 'filled', chunk: { chunkId: root } }, String(length));
  }
});

/** Faults that stay: each ends as its own result, and not one wrong byte is released. */
const ALWAYS: readonly [name: string, action: Action, expected: object][] = [
  ['another ETag', { kind: 'fields', fields: { etag: '"b"' } }, { kind: 'changed' }],
  ['another length', { kind: 'content-range', complete: LENGTH + 1 }, { kind: 'changed' }],
  ['416', { kind: 'status', status: 416 }, { kind: 'changed', head: { status: 416 } }],
  ['404', { kind: 'status', status: 404 }, failed('origin-status', 404)],
  ['500', { kind: 'status', status: 500 }, failed('origin-status', 500)],
  ['401', { kind: 'status', status: 401 }, { kind: 'resolve-again', head: { status: 401 } }],
  ['403', { kind: 'status', status: 403 }, { kind: 'resolve-again', head: { status: 403 } }],
  ['a redirect', { kind: 'redirect', to: '/p' }, { kind: 'resolve-again', head: { status: 302 } }],
  ['204', { kind: 'status', status: 204 }, failed('origin-range-mismatch')],
  ['resets', { kind: 'reset', afterBytes: 0 }, failed('origin-reset')],
];

for (const [name, action, expectedResult] of ALWAYS) {
  void t.test(`a fault in each response fails the fill: ${name}`, async (t) => {
    const { origin, harness, task, chunk } = await startFilling(t);
    origin.script({ actions: [action] });
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    t.match(result, expectedResult);
    t.equal(made.watermark.available, 0);
    t.equal(made.watermark.state, 'growing', 'the main thread may fill the slot again');
    t.ok(origin.requests.length <= LIMITS.maxAttempts);
  });
}

void t.test('attested ids gate release', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  await t.test('bytes that match the attested ids are released', async (t) => {
    const made = chunk({ expectedGroupIds: expectedIds });
    isRight(t, await fillChunk(task(made), harness.context), made);
  });
  await t.test('a wrong byte and those after it are not released', async (t) => {
    origin.next({ kind: 'corrupt', offset: CHUNK + GROUP_SIZE_BYTES + 5 });
    const made = chunk({ expectedGroupIds: expectedIds });
    const result = await fillChunk(task(made), harness.context);
    t.equal(result.kind, 'corrupt');
    t.equal(made.watermark.available, GROUP_SIZE_BYTES);
    t.equal(made.watermark.state, 'growing');
  });
});

void t.test('withheld bytes are written but not released', async (t) => {
  const { harness, task, chunk } = await startFilling(t);
  const made = chunk({ withheld: true });
  const result = await fillChunk(task(made), harness.context);
  t.equal(result.kind, 'filled');
  t.ok(made.content().equals(expected));
  t.equal(made.watermark.available, 0);
  t.equal(made.watermark.receivedBytes, CHUNK);
  t.equal(made.watermark.state, 'growing');
});

void t.test('a cancelled fill', async (t) => {
  const clock = new ManualClock();
  const { origin, harness, task, chunk } = await startFilling(t, { clock });
  for (const at of [0, 1_000_000]) {
    await t.test(`ends while the origin stalls after ${String(at)} bytes`, async (t) => {
      const gate = createGate();
      origin.next({ kind: 'gate', at, gate });
      const made = chunk();
      const filling = fillChunk(task(made), harness.context);
      await gate.reached;
      made.watermark.cancel();
      clock.advance(CANCEL_POLL_MS);
      t.match(await filling, failed('cancelled'));
      t.equal(made.watermark.state, 'failed');
      gate.open();
    });
  }
  await t.test('ends while it waits for a retry', async (t) => {
    origin.next({ kind: 'status', status: 503 });
    const made = chunk();
    const filling = fillChunk(task(made, { retryBaseMs: 1000, retryCapMs: 1000 }), {
      ...harness.context,
      random: () => 0.99,
    });
    await origin.waitFor((o) => o.requests.at(-1)?.status === 503);
    made.watermark.cancel();
    clock.advance(CANCEL_POLL_MS);
    t.match(await filling, failed('cancelled'));
  });
  await t.test('makes no request when cancelled before', async (t) => {
    const before = origin.requests.length;
    const made = chunk();
    made.watermark.cancel();
    t.match(await fillChunk(task(made), harness.context), failed('cancelled'));
    t.equal(origin.requests.length, before);
  });
});

void t.test('an unreachable origin fails the fill', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  const made = chunk();
  const gone = task(made);
  await origin.close();
  t.match(await fillChunk(gone, harness.context), failed('origin-connect'));
});
