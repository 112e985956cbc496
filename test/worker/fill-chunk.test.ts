/** Fills against a real origin that does every row of the fault table, at offsets of chance. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { FillResult, FillTask } from '#src/compute/protocol.js';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import type { ErrorCode } from '#src/model/errors.js';
import type { FetchLimits } from '#src/model/fetch.js';
import type { Validator } from '#src/model/validator.js';
import { CANCEL_POLL_MS } from '#src/worker/cancel-watch.js';
import { fillChunk } from '#src/worker/fill-chunk.js';
import { MAX_ATTEMPTS_PER_FETCH } from '#src/worker/range-fetch.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import {
  type Action,
  createGate,
  DEFAULT_ETAG,
  patternBytes,
  type ScriptedOrigin,
  startOrigin,
} from '../fixtures/scripted-origin.js';
import {
  groupIdsOf,
  type HarnessOptions,
  LIMITS,
  oracleRoot,
  type SlotOptions,
  targetOf,
  type TestSlot,
  WorkerHarness,
} from '../fixtures/worker-harness.js';

const SEED = 7;
/** Three chunks of 2 MiB and a bit. */
const CHUNK = 2 * GROUP_SIZE_BYTES;
const LENGTH = 3 * CHUNK + 12_345;
const ETAG: Validator = { kind: 'etag', strong: true, value: DEFAULT_ETAG };

interface Fixture {
  readonly origin: ScriptedOrigin;
  readonly harness: WorkerHarness;
  readonly task: (made: TestSlot, limits?: Partial<FetchLimits>) => FillTask;
  /** The second chunk: groups 2 and 3. */
  readonly chunk: (options?: SlotOptions) => TestSlot;
}

async function fixture(test: Test, options: HarnessOptions = {}): Promise<Fixture> {
  const origin = await startOrigin({
    objects: { '/o': { bytes: { seed: SEED, length: LENGTH } } },
  });
  const harness = new WorkerHarness(test.testdir({}), options);
  test.teardown(async () => {
    await harness.close();
    await origin.close();
  });
  return {
    origin,
    harness,
    task: (made, limits = {}) => ({
      kind: 'fill',
      lane: 0,
      target: targetOf(`${origin.url}/o`),
      slot: made.slot,
      completeLength: LENGTH,
      validator: ETAG,
      limits: { ...LIMITS, ...limits },
    }),
    chunk: (options = {}) => harness.slot(CHUNK, { index: 1, start: CHUNK, ...options }),
  };
}

const expected = patternBytes(SEED, CHUNK, 2 * CHUNK);
const expectedIds = groupIdsOf(expected, CHUNK, false);

function isRight(test: Test, result: FillResult, made: TestSlot): void {
  test.match(result, { kind: 'filled' });
  if (result.kind !== 'filled') return;
  test.ok(made.content().equals(expected), 'exact bytes');
  test.same(Buffer.from(result.chunk.groupIds), Buffer.from(expectedIds), 'group ids');
  test.equal(made.watermark.state, 'complete');
  test.equal(made.watermark.available, CHUNK);
}

void t.test('a proper origin: exact bytes, ids, one request with If-Range', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  const made = chunk();
  const result = await fillChunk(task(made), harness.context);
  isRight(t, result, made);
  t.same(result.stats, { originBytes: CHUNK, statuses: [206], retries: [], stalls: 0 });
  t.equal(result.diskFailure, null);
  t.equal(origin.requests[0]?.headers['if-range'], DEFAULT_ETAG);
  t.equal(origin.requests[0]?.range, `bytes=${String(CHUNK)}-${String(2 * CHUNK - 1)}`);
});

void t.test('a one-chunk object has its root as id', async (t) => {
  const { origin, harness, task } = await fixture(t);
  for (const length of [1, 1000, GROUP_SIZE_BYTES, GROUP_SIZE_BYTES + 1, CHUNK]) {
    origin.objects.set('/o', { bytes: { seed: 3, length } });
    const made = harness.slot(length);
    const result = await fillChunk({ ...task(made), completeLength: length }, harness.context);
    const root = oracleRoot(patternBytes(3, 0, length));
    t.match(result, { kind: 'filled', chunk: { chunkId: root } }, String(length));
  }
});

void t.test('breaks at any offset: resumed there, no byte fetched twice', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('reset' as const, 'short' as const),
      fc.array(fc.integer({ min: 1, max: CHUNK - 1 }), { minLength: 1, maxLength: 3 }),
      async (kind, sizes) => {
        for (const afterBytes of sizes) origin.next({ kind, afterBytes });
        const before = origin.bodyBytes;
        const made = chunk();
        const result = await fillChunk(task(made), harness.context);
        isRight(t, result, made);
        // A reset may overtake bytes that the kernel had not delivered: those are sent again.
        if (kind === 'short') t.equal(origin.bodyBytes - before, CHUNK, 'no byte sent twice');
        t.equal(result.stats.originBytes, CHUNK, 'no byte received twice');
        t.ok(result.stats.retries.every((reason) => reason === 'origin-reset'));
      },
    ),
    { numRuns: 8 },
  );
  t.ok(origin.requests.every((request) => request.headers['if-range'] === DEFAULT_ETAG));
});

/** Faults that happen once and must leave no trace but a counted retry. */
const ONCE: readonly [name: string, action: Action, retry: ErrorCode][] = [
  ['reset before the head', { kind: 'reset', afterBytes: -1 }, 'origin-reset'],
  ['wrong start', { kind: 'content-range', start: 1 }, 'origin-range-mismatch'],
  ['wrong end', { kind: 'content-range', end: 5 }, 'origin-range-mismatch'],
  ['wrong complete length', { kind: 'content-range', complete: LENGTH + 1 }, 'origin-changed'],
  ['unknown complete length', { kind: 'content-range', complete: '*' }, 'origin-range-mismatch'],
  ['200 to a range', { kind: 'ignore-range' }, 'origin-range-mismatch'],
  ['another ETag', { kind: 'fields', fields: { etag: '"b"' } }, 'origin-changed'],
  ['a weak ETag', { kind: 'fields', fields: { etag: `W/${DEFAULT_ETAG}` } }, 'origin-changed'],
  ['a coding', { kind: 'fields', fields: { 'content-encoding': 'gzip' } }, 'origin-range-mismatch'],
  ['416', { kind: 'status', status: 416 }, 'origin-changed'],
  ['500', { kind: 'status', status: 500 }, 'origin-status'],
  ['503', { kind: 'status', status: 503, fields: { 'retry-after': '60' } }, 'origin-status'],
  ['429', { kind: 'status', status: 429 }, 'origin-status'],
  ['garbage', { kind: 'garbage', bytes: 'SSH-2.0-OpenSSH\r\n\r\n' }, 'origin-protocol'],
];

for (const [name, action, retry] of ONCE) {
  void t.test(`once ${name}: invisible`, async (t) => {
    const { origin, harness, task, chunk } = await fixture(t);
    origin.next(action);
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    isRight(t, result, made);
    t.same(result.stats.retries, [retry]);
  });
}

/** Faults that stay: each ends as its own result, and not one wrong byte is released. */
const ALWAYS: readonly [name: string, action: Action, expected: object][] = [
  ['another ETag', { kind: 'fields', fields: { etag: '"b"' } }, { kind: 'changed' }],
  ['another length', { kind: 'content-range', complete: LENGTH + 1 }, { kind: 'changed' }],
  ['416', { kind: 'status', status: 416 }, { kind: 'changed', head: { status: 416 } }],
  ['wrong start', { kind: 'content-range', start: 1 }, failed('origin-range-mismatch')],
  ['404', { kind: 'status', status: 404 }, failed('origin-status', 404)],
  ['500', { kind: 'status', status: 500 }, failed('origin-status', 500)],
  ['401', { kind: 'status', status: 401 }, { kind: 'resolve-again', head: { status: 401 } }],
  ['403', { kind: 'status', status: 403 }, { kind: 'resolve-again', head: { status: 403 } }],
  ['a redirect', { kind: 'redirect', to: '/p' }, { kind: 'resolve-again', head: { status: 302 } }],
  ['204', { kind: 'status', status: 204 }, failed('origin-range-mismatch')],
  ['resets', { kind: 'reset', afterBytes: 0 }, failed('origin-reset')],
];

function failed(code: ErrorCode, originStatus?: number): object {
  return { kind: 'failed', error: { code, ...(originStatus !== undefined && { originStatus }) } };
}

for (const [name, action, expectedResult] of ALWAYS) {
  void t.test(`always ${name}`, async (t) => {
    const { origin, harness, task, chunk } = await fixture(t);
    origin.script({ actions: [action] });
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    t.match(result, expectedResult);
    t.equal(made.watermark.available, 0);
    t.equal(made.watermark.state, 'growing', 'the main thread may fill the slot again');
    t.ok(origin.requests.length <= LIMITS.maxAttempts);
  });
}

void t.test('two sightings of different other representations are no change', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  origin.next({ kind: 'fields', fields: { etag: '"b"' } });
  origin.next({ kind: 'fields', fields: { etag: '"c"' } });
  const made = chunk();
  isRight(t, await fillChunk(task(made), harness.context), made);
});

void t.test('a change in mid-fill is told and mixes nothing', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  origin.next({ kind: 'reset', afterBytes: 500_000 });
  const made = chunk();
  const filling = fillChunk(task(made), harness.context);
  await origin.waitFor((o) => o.requests.length === 1);
  origin.objects.set('/o', { bytes: { seed: 99, length: LENGTH }, etag: '"v2"' });
  const result = await filling;
  t.match(result, { kind: 'changed', head: { headers: { etag: '"v2"' } } });
  const { available } = made.watermark;
  t.ok(made.content().subarray(0, available).equals(expected.subarray(0, available)));
});

void t.test('an origin that ignores ranges', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  origin.script({ actions: [{ kind: 'ignore-range' }] });
  await t.test('is sliced when the way is short', async (t) => {
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    isRight(t, result, made);
    t.same(result.stats.statuses, [200, 200]);
  });
  await t.test('is told when the way is long', async (t) => {
    const length = 20 * GROUP_SIZE_BYTES;
    origin.objects.set('/o', { bytes: { seed: SEED, length } });
    const made = harness.slot(CHUNK, { index: 8, start: 8 * CHUNK });
    const result = await fillChunk({ ...task(made), completeLength: length }, harness.context);
    t.match(result, { kind: 'no-ranges', head: { status: 200 } });
  });
  await t.test('is read at once when the chunk is the whole object', async (t) => {
    origin.objects.set('/o', { bytes: { seed: SEED, length: 1000 } });
    const made = harness.slot(1000);
    const result = await fillChunk({ ...task(made), completeLength: 1000 }, harness.context);
    t.match(result, { kind: 'filled', stats: { statuses: [200] } });
  });
});

void t.test('a 206 with less than was asked is followed by a request for the rest', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  origin.next({ kind: 'shorter-range', bytes: 700_000 });
  const made = chunk();
  const result = await fillChunk(task(made), harness.context);
  isRight(t, result, made);
  t.same(result.stats.statuses, [206, 206]);
  t.equal(origin.bodyBytes, CHUNK);
});

void t.test('progress renews the attempts, up to a bound', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  await t.test('an origin that always gives some bytes gets through', async (t) => {
    const remove = origin.script({ actions: [{ kind: 'reset', afterBytes: 100_000 }] });
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    isRight(t, result, made);
    t.ok(result.stats.retries.length > LIMITS.maxAttempts);
    remove();
  });
  await t.test('one byte at a time is given up', async (t) => {
    origin.script({ actions: [{ kind: 'short', afterBytes: 1 }] });
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    t.match(result, failed('origin-reset'));
    t.equal(result.stats.statuses.length, MAX_ATTEMPTS_PER_FETCH);
  });
});

void t.test('a hang is left for a fresh connection', async (t) => {
  const clock = new ManualClock();
  const { origin, harness, task, chunk } = await fixture(t, { clock });
  origin.next({ kind: 'hang', afterBytes: 1_000_000 });
  origin.next({ kind: 'hang', afterBytes: -1 });
  const made = chunk();
  const filling = fillChunk(task(made), harness.context);
  await made.watermark.wait(999_999);
  clock.advance(LIMITS.idleTimeoutMs);
  await origin.waitFor((o) => o.requests.length === 2);
  clock.advance(LIMITS.firstByteTimeoutMs);
  const result = await filling;
  isRight(t, result, made);
  t.equal(result.stats.stalls, 2);
  t.equal(result.stats.originBytes, CHUNK);
  t.equal(origin.connections, 3);
});

void t.test('a trickle is hedged once; an honestly slow origin is then served', async (t) => {
  const clock = new ManualClock();
  const { origin, harness, task, chunk } = await fixture(t, { clock });
  const gates = [createGate(), createGate()];
  for (const gate of gates) origin.next({ kind: 'gate', at: 100, gate });
  const made = chunk();
  const limits = { minRateBytesPerSecond: 1000, minRateWindowMs: 1000 };
  const filling = fillChunk(task(made, limits), harness.context);
  await made.watermark.wait(99);
  clock.advance(limits.minRateWindowMs);
  await made.watermark.wait(199);
  clock.advance(10 * limits.minRateWindowMs);
  gates[1]?.open();
  const result = await filling;
  gates[0]?.open();
  isRight(t, result, made);
  t.match(result.stats, { stalls: 1, retries: ['origin-timeout'], statuses: [206, 206] });
});

void t.test('attested ids gate release', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  await t.test('right bytes pass', async (t) => {
    const made = chunk({ expectedGroupIds: expectedIds });
    isRight(t, await fillChunk(task(made), harness.context), made);
  });
  await t.test('a wrong byte is not released, nor are those after it', async (t) => {
    origin.next({ kind: 'corrupt', offset: CHUNK + GROUP_SIZE_BYTES + 5 });
    const made = chunk({ expectedGroupIds: expectedIds });
    const result = await fillChunk(task(made), harness.context);
    t.equal(result.kind, 'corrupt');
    t.equal(made.watermark.available, GROUP_SIZE_BYTES);
    t.equal(made.watermark.state, 'growing');
  });
});

void t.test('withheld bytes are written but not released', async (t) => {
  const { harness, task, chunk } = await fixture(t);
  const made = chunk({ withheld: true });
  const result = await fillChunk(task(made), harness.context);
  t.equal(result.kind, 'filled');
  t.ok(made.content().equals(expected));
  t.equal(made.watermark.available, 0);
  t.equal(made.watermark.receivedBytes, CHUNK);
  t.equal(made.watermark.state, 'growing');
});

void t.test('cancelling', async (t) => {
  const clock = new ManualClock();
  const { origin, harness, task, chunk } = await fixture(t, { clock });
  for (const at of [0, 1_000_000]) {
    await t.test(`while nothing comes after ${String(at)} bytes`, async (t) => {
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
  await t.test('while it waits to try again', async (t) => {
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
  await t.test('before it begins: no request is made', async (t) => {
    const before = origin.requests.length;
    const made = chunk();
    made.watermark.cancel();
    t.match(await fillChunk(task(made), harness.context), failed('cancelled'));
    t.equal(origin.requests.length, before);
  });
});

void t.test('an origin that is not there', async (t) => {
  const { origin, harness, task, chunk } = await fixture(t);
  const made = chunk();
  const gone = task(made);
  await origin.close();
  t.match(await fillChunk(gone, harness.context), failed('origin-connect'));
});
