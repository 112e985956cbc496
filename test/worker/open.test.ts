/** First contacts with a real origin: which heads are posted, refused, asked for again. */
import t from 'tap';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import type { ErrorCode } from '#src/model/errors.js';
import { type Action, DEFAULT_ETAG } from '../fixtures/scripted-origin.js';
import { failed, oracleRoot } from '../fixtures/worker-harness.js';
import {
  isWhole,
  expected,
  CHUNK,
  LENGTH,
  SEED,
  startOpening,
} from '../fixtures/worker-opening.js';

void t.test('a 206 has one slot, and length and validator from its head', async (t) => {
  const f = await startOpening(t);
  for (const [start, end] of [
    [0, CHUNK],
    [CHUNK, 2 * CHUNK],
    [2 * CHUNK, 3 * CHUNK],
  ] as const) {
    const { result, main, bytes } = await f.open(LENGTH, { range: { start, end } });
    t.match(result, { kind: 'complete', lengthBytes: LENGTH, stats: { statuses: [206] } });
    t.match(main.head, { status: 206, headers: { etag: DEFAULT_ETAG } });
    t.ok(bytes.equals(expected.subarray(start, end)));
    t.equal(main.chunks.length, 1);
  }
});

void t.test('a 206 from the middle of a chunk is followed by the rest of the chunk', async (t) => {
  for (const [index, length] of [
    [1, CHUNK],
    [0, CHUNK],
  ] as const) {
    const f = await startOpening(t);
    const start = index * CHUNK;
    const range = { start: start + GROUP_SIZE_BYTES, end: start + CHUNK };
    // Also where either part breaks off in between.
    f.origin.script({ times: 1, actions: [{ kind: 'reset', afterBytes: 100 * index }] });
    f.origin.script({ skip: 2, times: 1, actions: [{ kind: 'short', afterBytes: 7 }] });
    const { result, main, bytes, slots } = await f.open(LENGTH, { range });
    t.match(result, { kind: 'complete', lengthBytes: LENGTH, stats: { originBytes: length } });
    t.match(main.head, { status: 206 });
    t.ok(bytes.equals(expected.subarray(start, start + CHUNK)));
    t.equal(main.chunks.length, 1);
    t.equal(main.chunks[0]?.lengthBytes, length);
    t.equal(slots[0]?.watermark.available, length);
    const [first, ...rest] = f.origin.requests;
    t.equal(first?.headers['if-range'], undefined, 'there is nothing to compare with yet');
    t.ok(rest.every(({ headers }) => headers['if-range'] === DEFAULT_ETAG));
  }
});

void t.test('a representation that changes between the two parts is not mixed', async (t) => {
  const f = await startOpening(t);
  f.origin.script({ skip: 1, actions: [{ kind: 'fields', fields: { ETag: '"b"' } }] });
  const range = { start: GROUP_SIZE_BYTES, end: CHUNK };
  const { result, main, slots } = await f.open(LENGTH, { range });
  t.match(result, failed('origin-changed'));
  t.same(main.chunks, []);
  t.equal(slots[0]?.watermark.readableTo(0), 0, 'nothing of the other is released');
});

void t.test('a 206 of a one-chunk object has the root as id', async (t) => {
  const f = await startOpening(t);
  f.origin.objects.set('/o', { bytes: { seed: SEED, length: 5000 } });
  const { main } = await f.open(5000, { range: { start: 0, end: CHUNK } });
  t.equal(main.chunks[0]?.chunkId, oracleRoot(expected.subarray(0, 5000)));
});

void t.test('a 200 in answer to a range is opened as the whole', async (t) => {
  const f = await startOpening(t);
  f.origin.script({ actions: [{ kind: 'ignore-range' }] });
  isWhole(t, await f.open(LENGTH, { range: { start: 0, end: CHUNK } }));
});

void t.test('an empty object has no chunk', async (t) => {
  const f = await startOpening(t);
  f.origin.objects.set('/o', { bytes: Buffer.alloc(0) });
  const { result, main } = await f.open(0);
  t.match(result, { kind: 'complete', lengthBytes: 0 });
  t.same(main.chunks, []);
});

void t.test('heads without content are posted and end the task', async (t) => {
  const f = await startOpening(t);
  for (const status of [301, 304]) {
    f.origin.next({ kind: 'status', status, fields: { Location: '/b' } });
    const { result, main } = await f.answer(() => null);
    t.match(result, { kind: 'stopped', stats: { statuses: [status] } });
    t.equal(main.head?.status, status);
  }
});

void t.test('the given conditions are sent to the origin', async (t) => {
  const f = await startOpening(t);
  const { main } = await f.answer(() => null, { conditions: { 'if-none-match': DEFAULT_ETAG } });
  t.equal(main.head?.status, 304);
});

void t.test('any other final status has a body too', async (t) => {
  const f = await startOpening(t);
  f.origin.next({ kind: 'status', status: 404, body: 'no such model' });
  const { result, main, bytes } = await f.open(13);
  t.match(result, { kind: 'complete', lengthBytes: 13 });
  t.equal(main.head?.status, 404);
  t.equal(bytes.toString(), 'no such model');
});

/** Faults before a good head: the main thread hears only of what comes after them. */
const ONCE: readonly [name: string, action: Action, retry: ErrorCode][] = [
  ['reset', { kind: 'reset', afterBytes: -1 }, 'origin-reset'],
  ['500', { kind: 'status', status: 500, body: 'oops' }, 'origin-status'],
  ['503', { kind: 'status', status: 503, fields: { 'retry-after': '0' } }, 'origin-status'],
  ['429', { kind: 'status', status: 429 }, 'origin-status'],
  ['garbage', { kind: 'garbage', bytes: 'SSH-2.0-OpenSSH\r\n\r\n' }, 'origin-protocol'],
];

for (const [name, action, retry] of ONCE) {
  void t.test(`a fault that occurs once is invisible: ${name}`, async (t) => {
    const f = await startOpening(t);
    f.origin.next(action);
    const { result, main } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
    t.match(result, { kind: 'complete', stats: { retries: [retry] } });
    t.equal(main.events.filter((event) => event.kind === 'head').length, 1);
  });
}

void t.test('an origin that requests a longer wait than the cap is not asked again', async (t) => {
  for (const [status, fields] of [
    [429, { ratelimit: '"api";r=0;t=55' }],
    [503, { 'retry-after': '55' }],
  ] as const) {
    const f = await startOpening(t);
    f.origin.next({ kind: 'status', status, body: 'later', fields });
    const { result, main, bytes } = await f.open(5);
    t.match(result, { kind: 'complete', stats: { statuses: [status], retries: [] } });
    t.match(main.head, { status, headers: fields });
    t.equal(bytes.toString(), 'later');
  }
});

void t.test('permanent faults:', async (t) => {
  const f = await startOpening(t);
  await t.test('a 5xx is posted once there is no attempt left', async (t) => {
    const remove = f.origin.script({ actions: [{ kind: 'status', status: 502, body: 'bad' }] });
    const { result, main } = await f.open(3);
    t.match(result, { kind: 'complete', stats: { statuses: [502, 502, 502, 502] } });
    t.equal(main.head?.status, 502);
    remove();
  });
  await t.test('a wrong Content-Range is posted at once and not retried', async (t) => {
    const remove = f.origin.script({ actions: [{ kind: 'content-range', start: 1 }] });
    const { result, main } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
    t.match(result, { kind: 'stopped', stats: { statuses: [206], retries: [] } });
    t.match(main.events, [{ kind: 'head' }], 'told at once: who asked decides what to ask next');
    t.equal(main.events.length, 1);
    remove();
  });
  await t.test('a 206 without a complete length fails as origin-range-mismatch', async (t) => {
    const remove = f.origin.script({ actions: [{ kind: 'content-range', complete: '*' }] });
    const { result } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
    t.match(result, failed('origin-range-mismatch'));
    remove();
  });
});
