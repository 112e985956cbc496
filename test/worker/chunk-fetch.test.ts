/** Fills that begin where somebody waits: two ranges of one chunk, and faults in either. */
import t from 'tap';
import { GROUP_SIZE_BYTES as G } from '#src/model/chunk.js';
import { fillChunk } from '#src/worker/fill-chunk.js';
import { type Action, createGate, DEFAULT_ETAG } from '../fixtures/scripted-origin.js';
import {
  CHUNK,
  expectedIds,
  type Filling,
  isRight,
  LENGTH,
  startFilling,
} from '../fixtures/worker-filling.js';
import { failed } from '../fixtures/worker-harness.js';

/** The second group of the second chunk is wanted. */
const WANTED = CHUNK + G;
const FROM = { from: G };

function rangesOf({ origin }: Filling): readonly (string | undefined)[] {
  return origin.requests.map(({ range }) => range);
}

function field(start: number, end: number): string {
  return `bytes=${String(start)}-${String(end - 1)}`;
}

t.test('the requested part is fetched first, then the rest, each once with If-Range', async (t) => {
  const filling = await startFilling(t);
  const { origin, harness, task, chunk } = filling;
  const made = chunk(FROM);
  const result = await fillChunk(task(made), harness.context);
  isRight(t, result, made);
  t.same(result.stats, { originBytes: CHUNK, statuses: [206, 206], retries: [], stalls: 0 });
  t.same(rangesOf(filling), [field(WANTED, 2 * CHUNK), field(CHUNK, WANTED)]);
  t.ok(origin.requests.every(({ headers }) => headers['if-range'] === DEFAULT_ETAG));
  t.equal(origin.connections, 1, 'on one connection');
});

t.test('the requested part is readable before the rest is requested', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  const gate = createGate();
  origin.script({ skip: 1, actions: [{ kind: 'gate', at: -1, gate }] });
  const made = chunk(FROM);
  const filling = fillChunk(task(made), harness.context);
  await gate.reached;
  t.equal(made.watermark.readableTo(G), CHUNK);
  t.equal(made.watermark.readableTo(0), 0);
  gate.open();
  isRight(t, await filling, made);
});

/** What passes by itself; `skip` 0 puts it into the first part, 1 into the second. */
const ONCE: readonly [name: string, action: Action][] = [
  ['a reset', { kind: 'reset', afterBytes: G / 2 }],
  ['a short body', { kind: 'short', afterBytes: 5 }],
  ['a shorter range', { kind: 'shorter-range', bytes: G / 4 }],
  ['a wrong start', { kind: 'content-range', start: 1 }],
  ['a wrong end', { kind: 'content-range', end: 1 }],
  ['another length', { kind: 'content-range', complete: 1 }],
  ['another ETag', { kind: 'fields', fields: { etag: '"b"' } }],
  ['a 200', { kind: 'ignore-range' }],
  ['a 503', { kind: 'status', status: 503 }],
  ['a connection that closes', { kind: 'close-after' }],
  ['bytes too many', { kind: 'extra', bytes: 'surplus' }],
];

for (const [name, action] of ONCE) {
  for (const skip of [0, 1]) {
    t.test(`one fault is invisible: ${name}, in part ${String(skip + 1)}`, async (t) => {
      const { origin, harness, task, chunk } = await startFilling(t);
      origin.script({ skip, times: 1, actions: [action] });
      const made = chunk(FROM);
      isRight(t, await fillChunk(task(made), harness.context), made);
    });
  }
}

t.test('a reset is resumed where its part stopped', async (t) => {
  const filling = await startFilling(t);
  const { origin, harness, task, chunk } = filling;
  const reset = { kind: 'reset', afterBytes: 1000 } as const;
  origin.script({ times: 1, actions: [reset] });
  origin.script({ skip: 1, times: 1, actions: [reset] });
  const made = chunk(FROM);
  const result = await fillChunk(task(made), harness.context);
  isRight(t, result, made);
  t.equal(result.stats.originBytes, CHUNK, 'nothing twice');
  t.same(rangesOf(filling), [
    field(WANTED, 2 * CHUNK),
    field(WANTED + 1000, 2 * CHUNK),
    field(CHUNK, WANTED),
    field(CHUNK + 1000, WANTED),
  ]);
});

/** What stays, from the second part on: the first one's bytes are out, no wrong one follows. */
const ALWAYS: readonly [name: string, action: Action, expected: object][] = [
  ['another ETag', { kind: 'fields', fields: { etag: '"b"' } }, { kind: 'changed' }],
  ['another length', { kind: 'content-range', complete: LENGTH + 1 }, { kind: 'changed' }],
  ['a 403', { kind: 'status', status: 403 }, { kind: 'resolve-again', head: { status: 403 } }],
  ['resets', { kind: 'reset', afterBytes: 0 }, failed('origin-reset')],
];

for (const [name, action, expectedResult] of ALWAYS) {
  t.test(`an answer to the second part is handled: ${name}`, async (t) => {
    const { origin, harness, task, chunk } = await startFilling(t);
    origin.script({ skip: 1, actions: [action] });
    const made = chunk(FROM);
    t.match(await fillChunk(task(made), harness.context), expectedResult);
    t.equal(made.watermark.available, CHUNK - G);
    t.equal(made.watermark.readableTo(0), 0);
    t.equal(made.watermark.state, 'growing');
  });
}

t.test('known ids gate both parts of a fetch', async (t) => {
  const { origin, harness, task, chunk } = await startFilling(t);
  const gated = { ...FROM, expectedGroupIds: expectedIds };
  const right = chunk(gated);
  isRight(t, await fillChunk(task(right), harness.context), right);
  for (const [offset, released] of [
    [WANTED + 5, 0],
    [CHUNK + 5, G],
  ] as const) {
    const remove = origin.script({ actions: [{ kind: 'corrupt', offset }] });
    const made = chunk(gated);
    t.equal((await fillChunk(task(made), harness.context)).kind, 'corrupt');
    t.equal(made.watermark.available, released);
    remove();
  }
});
