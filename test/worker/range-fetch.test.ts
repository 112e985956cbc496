/**
 * Every row of the fault table that a fetch outlives, at offsets of chance, in fills of a chunk.
 */
import fc from 'fast-check';
import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import type { ErrorCode } from '#src/model/errors.js';
import { fillChunk } from '#src/worker/fill-chunk.js';
import { MAX_ATTEMPTS_PER_FETCH } from '#src/worker/range-fetch.js';
import { ManualClock } from '../fixtures/manual-clock.js';
import { type Action, createGate, DEFAULT_ETAG } from '../fixtures/scripted-origin.js';
import {
  expected,
  CHUNK,
  LENGTH,
  SEED,
  isRight,
  startFilling,
} from '../fixtures/worker-filling.js';
import { failed, LIMITS } from '../fixtures/worker-harness.js';

void t.test('property: a break anywhere is resumed there, no byte fetched twice', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('reset' as const, 'short' as const),
      fc.array(fc.integer({ min: 1, max: CHUNK - 1 }), { minLength: 1, maxLength: 3 }),
      async (kind, sizes) => {
        const breaks = sizes.map((afterBytes) => origin.next({ kind, afterBytes }));
        const before = origin.bodyBytes;
        const made = chunk();
        const result = await fillChunk(task(made), harness.context);
        // A break at the last byte of a body ends the chunk: what is left is not the next one's.
        for (const forget of breaks) forget();
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
  ['a coding', { kind: 'fields', fields: { 'content-encoding': 'gzip' } }, 'origin-changed'],
  ['416', { kind: 'status', status: 416 }, 'origin-changed'],
  ['500', { kind: 'status', status: 500 }, 'origin-status'],
  ['503', { kind: 'status', status: 503, fields: { 'retry-after': '0' } }, 'origin-status'],
  ['429', { kind: 'status', status: 429 }, 'origin-status'],
  ['garbage', { kind: 'garbage', bytes: 'SSH-2.0-OpenSSH\r\n\r\n' }, 'origin-protocol'],
];

for (const [name, action, retry] of ONCE) {
  void t.test(`a fault that occurs once is invisible: ${name}`, async (t) => {
    const { origin, harness, task, chunk } = await startFilling(t);
    origin.next(action);
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    isRight(t, result, made);
    t.same(result.stats.retries, [retry]);
  });
}

void t.test('an origin that requests a longer wait than the cap is not asked again', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  const fields = { ratelimit: '"resolvers";r=0;t=55' };
  origin.next({ kind: 'status', status: 429, fields });
  const result = await fillChunk(task(chunk()), harness.context);
  t.match(result, { kind: 'failed', error: { retryAfterMs: 55_000, originFields: fields } });
  t.same(result.stats.statuses, [429]);
});

void t.test('two different other representations are no change', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  origin.next({ kind: 'fields', fields: { etag: '"b"' } });
  origin.next({ kind: 'fields', fields: { etag: '"c"' } });
  const made = chunk();
  isRight(t, await fillChunk(task(made), harness.context), made);
});

void t.test('a change in mid-fill is reported, and mixes nothing', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
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

void t.test('an origin that ignores ranges:', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  origin.script({ actions: [{ kind: 'ignore-range' }] });
  await t.test('its body is sliced when the offset is small', async (t) => {
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    isRight(t, result, made);
    t.same(result.stats.statuses, [200, 200]);
  });
  await t.test('it is reported when the offset is large', async (t) => {
    const length = 20 * GROUP_SIZE_BYTES;
    origin.objects.set('/o', { bytes: { seed: SEED, length } });
    const made = harness.slot(CHUNK, { index: 8, start: 8 * CHUNK });
    const result = await fillChunk({ ...task(made), completeLength: length }, harness.context);
    t.match(result, { kind: 'no-ranges', head: { status: 200 } });
  });
  await t.test('its body is read when the chunk is the whole object', async (t) => {
    origin.objects.set('/o', { bytes: { seed: SEED, length: 1000 } });
    const made = harness.slot(1000);
    const result = await fillChunk({ ...task(made), completeLength: 1000 }, harness.context);
    t.match(result, { kind: 'filled', stats: { statuses: [200] } });
  });
});

void t.test('a 206 with less than requested is followed by a request for the rest', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  origin.next({ kind: 'shorter-range', bytes: 700_000 });
  const made = chunk();
  const result = await fillChunk(task(made), harness.context);
  isRight(t, result, made);
  t.same(result.stats.statuses, [206, 206]);
  t.equal(origin.bodyBytes, CHUNK);
});

void t.test('progress renews the attempts, up to a bound:', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  await t.test('an origin that always gives some bytes completes', async (t) => {
    const remove = origin.script({ actions: [{ kind: 'reset', afterBytes: 100_000 }] });
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    isRight(t, result, made);
    t.ok(result.stats.retries.length > LIMITS.maxAttempts);
    remove();
  });
  await t.test('an origin that gives one byte at a time fails after the bound', async (t) => {
    origin.script({ actions: [{ kind: 'short', afterBytes: 1 }] });
    const made = chunk();
    const result = await fillChunk(task(made), harness.context);
    t.match(result, failed('origin-reset'));
    t.equal(result.stats.statuses.length, MAX_ATTEMPTS_PER_FETCH);
  });
});

void t.test('a hanging connection is replaced by a fresh one', async (t) => {
  const clock = new ManualClock();
  const { origin, harness, task, chunk } = await startFilling(t, { clock });
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

void t.test('a trickle is hedged once; a slow origin is then served', async (t) => {
  const clock = new ManualClock();
  const { origin, harness, task, chunk } = await startFilling(t, { clock });
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
