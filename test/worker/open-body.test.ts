/**
 * The bodies of first contacts: streams into many slots, and how every body goes on after a break.
 */
import fc from 'fast-check';
import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import type { ErrorCode } from '#src/model/errors.js';
import { systemClock } from '#src/model/time.js';
import { FallbackClient } from '#src/origin/client.js';
import { openResource } from '#src/worker/open.js';
import { type Action, createGate, DEFAULT_ETAG } from '../fixtures/scripted-origin.js';
import { failed, oracleRoot, rootOf, type TestSlot } from '../fixtures/worker-harness.js';
import { OpenMain } from '../fixtures/worker-open-main.js';
import {
  isWhole,
  expected,
  CHUNK,
  LENGTH,
  SEED,
  startOpening,
} from '../fixtures/worker-opening.js';

void t.test('a 200 is a stream of chunks, each posted at its first byte', async (t) => {
  const f = await startOpening(t);
  const opened = await f.open(LENGTH);
  isWhole(t, opened);
  t.same(
    opened.main.events.map((event) => event.kind),
    ['head', 'wrote', 'want', 'wrote', 'want', 'wrote'],
  );
  t.equal(f.origin.bodyBytes, LENGTH);
});

void t.test('a body that ends with the connection is a stream', async (t) => {
  const f = await startOpening(t);
  f.origin.script({ actions: [{ kind: 'close-delimited' }] });
  for (const length of [1, GROUP_SIZE_BYTES, CHUNK, CHUNK + 1, 2 * CHUNK]) {
    f.origin.objects.set('/o', { bytes: { seed: SEED, length } });
    const { result, main, bytes } = await f.open(null);
    t.match(result, { kind: 'complete', lengthBytes: length });
    t.equal(main.head?.contentLength, null);
    t.ok(bytes.equals(expected.subarray(0, length)));
    t.equal(rootOf(main.chunks), oracleRoot(expected.subarray(0, length)), String(length));
  }
});

void t.test('a chunked body is left to the other client', async (t) => {
  const f = await startOpening(t);
  f.origin.script({ actions: [{ kind: 'chunked' }] });
  const client = new FallbackClient({ clock: systemClock });
  const slots: TestSlot[] = [];
  const main = new OpenMain((event) => {
    const index = event.kind === 'want' ? event.index : 0;
    const made = f.slot(CHUNK, { index, start: index * CHUNK });
    slots.push(made);
    return { kind: 'slot', slot: made.slot };
  });
  const result = await openResource(f.task(main), { ...f.harness.context, client });
  await main.closed();
  await client.close();
  isWhole(t, { result, main, slots, bytes: Buffer.concat(slots.map((made) => made.content())) });
});

void t.test('a slot of the wrong size is an internal error, not a hang', async (t) => {
  const f = await startOpening(t);
  const made = f.slot(CHUNK, { index: 1, start: CHUNK });
  const { result } = await f.answer(() => ({ kind: 'slot', slot: made.slot }));
  t.match(result, failed('internal'));
});

void t.test('a body that breaks anywhere is resumed there', async (t) => {
  const f = await startOpening(t);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: LENGTH - 1 }),
      fc.constantFrom('reset' as const, 'short' as const),
      async (afterBytes, kind) => {
        f.origin.next({ kind, afterBytes });
        const before = f.origin.requests.length;
        const opened = await f.open(LENGTH);
        isWhole(t, opened);
        t.equal(opened.result.stats.originBytes, LENGTH, 'no byte received twice');
        const resumed = f.origin.requests.slice(before + 1);
        t.ok(resumed.every((request) => request.headers['if-range'] === DEFAULT_ETAG));
      },
    ),
    { numRuns: 6 },
  );
});

void t.test('a ranged body that breaks is resumed', async (t) => {
  const f = await startOpening(t);
  f.origin.next({ kind: 'reset', afterBytes: 700_000 });
  const { result, bytes } = await f.open(LENGTH, { range: { start: CHUNK, end: 2 * CHUNK } });
  t.match(result, { kind: 'complete', stats: { originBytes: CHUNK } });
  t.ok(bytes.equals(expected.subarray(CHUNK, 2 * CHUNK)));
});

void t.test('a 206 with less than requested is completed', async (t) => {
  const f = await startOpening(t);
  f.origin.next({ kind: 'shorter-range', bytes: 1_500_000 });
  const { result, bytes } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
  t.match(result, { kind: 'complete', stats: { statuses: [206, 206], originBytes: CHUNK } });
  t.ok(bytes.equals(expected.subarray(0, CHUNK)));
});

void t.test('a broken stream without ranges is read again from the start', async (t) => {
  const f = await startOpening(t);
  f.origin.script({ times: 1, actions: [{ kind: 'short', afterBytes: CHUNK + 5 }] });
  f.origin.script({ actions: [{ kind: 'ignore-range' }] });
  const opened = await f.open(LENGTH);
  isWhole(t, opened);
  t.same(opened.result.stats.statuses, [200, 200]);
});

void t.test('a broken body that cannot be resumed fails', async (t) => {
  const f = await startOpening(t);
  const cases: readonly (readonly [string, readonly Action[], ErrorCode])[] = [
    ['no validator', [{ kind: 'no-validators' }], 'origin-reset'],
    [
      'weak',
      [{ kind: 'fields', fields: { etag: 'W/"a"', 'last-modified': null } }],
      'origin-reset',
    ],
  ];
  for (const [name, actions, code] of cases) {
    f.origin.next([...actions, { kind: 'short', afterBytes: CHUNK + 500 }]);
    const { result, slots, main } = await f.open(LENGTH);
    t.match(result, failed(code), name);
    t.equal(main.chunks.length, 1, 'what was whole was told');
    t.equal(slots[1]?.watermark.state, 'growing', 'the main thread decides what becomes of it');
  }
});

void t.test('a representation that changes in mid-body is not mixed', async (t) => {
  const f = await startOpening(t);
  const gate = createGate();
  f.origin.next([
    { kind: 'gate', at: CHUNK + 9, gate },
    { kind: 'short', afterBytes: CHUNK + 10 },
  ]);
  const opening = f.open(LENGTH);
  await gate.reached;
  f.origin.objects.set('/o', { bytes: { seed: 12, length: LENGTH }, etag: '"v2"' });
  gate.open();
  const { result, bytes } = await opening;
  t.match(result, failed('origin-changed'));
  t.ok(bytes.equals(expected.subarray(0, bytes.length)));
});

void t.test('a connection that breaks while a slot is awaited loses no byte', async (t) => {
  const f = await startOpening(t);
  const slots: TestSlot[] = [];
  const main: OpenMain = new OpenMain((event) => {
    const index = event.kind === 'want' ? event.index : 0;
    const start = index * CHUNK;
    const made = f.slot(Math.min(CHUNK, LENGTH - start), { index, start });
    slots.push(made);
    if (index !== 1) return { kind: 'slot', slot: made.slot };
    // The reply comes only after the origin has dropped the paused connection.
    f.origin.dropConnections();
    void f.origin
      .waitFor((origin) => origin.openConnections === 0)
      .then(() => {
        setImmediate(() => {
          main.reply({ kind: 'slot', slot: made.slot });
        });
      });
    return null;
  });
  const result = await openResource(f.task(main), f.harness.context);
  await main.closed();
  isWhole(t, { result, main, slots, bytes: Buffer.concat(slots.map((made) => made.content())) });
});
