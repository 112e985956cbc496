/** First contacts and streams against a real origin, with the main thread's end played by hand. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { OpenResult, OpenTask } from '#src/compute/protocol.js';
import { GROUP_SIZE_BYTES } from '#src/model/chunk.js';
import type { ErrorCode } from '#src/model/errors.js';
import { systemClock } from '#src/model/time.js';
import { FallbackClient } from '#src/origin/client.js';
import { CANCEL_POLL_MS } from '#src/worker/cancel-watch.js';
import { openResource } from '#src/worker/open.js';
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
  type HarnessOptions,
  LIMITS,
  oracleRoot,
  rootOf,
  type SlotOptions,
  targetOf,
  type TestSlot,
  WorkerHarness,
} from '../fixtures/worker-harness.js';
import { type Answer, OpenMain } from '../fixtures/worker-open-main.js';

const SEED = 11;
const CHUNK = 2 * GROUP_SIZE_BYTES;
const LENGTH = 2 * CHUNK + 4321;

interface Opened {
  readonly result: OpenResult;
  readonly main: OpenMain;
  readonly slots: readonly TestSlot[];
  /** Content of all slots, one after the other. */
  readonly bytes: Buffer;
}

class Fixture {
  readonly origin: ScriptedOrigin;
  readonly harness: WorkerHarness;
  readonly clock = new ManualClock();
  readonly control;

  constructor(origin: ScriptedOrigin, harness: WorkerHarness) {
    this.origin = origin;
    this.harness = harness;
    this.control = harness.hub.create();
  }

  task(main: OpenMain, change: Partial<OpenTask> = {}): OpenTask {
    return {
      kind: 'open',
      lane: 0,
      target: targetOf(`${this.origin.url}/o`),
      range: null,
      conditions: {},
      chunkSizeBytes: CHUNK,
      limits: LIMITS,
      control: this.control.shared,
      port: main.workerPort,
      ...change,
    };
  }

  /** Opens, giving a slot for every question; the object has `length` bytes (`null`: unknown). */
  async open(length: number | null, change: Partial<OpenTask> = {}): Promise<Opened> {
    const slots: TestSlot[] = [];
    const first = change.range?.start ?? 0;
    const main = new OpenMain((event) => {
      const index = event.kind === 'want' ? event.index : first / CHUNK;
      const start = index * CHUNK;
      const made = this.slot(Math.min(CHUNK, (length ?? Infinity) - start), { index, start });
      slots.push(made);
      return { kind: 'slot', slot: made.slot };
    });
    return this.run(main, slots, change);
  }

  /** Opens with answers of the test's own. */
  async answer(answer: Answer, change: Partial<OpenTask> = {}): Promise<Opened> {
    return this.run(new OpenMain(answer), [], change);
  }

  slot(length: number, options: SlotOptions): TestSlot {
    return this.harness.slot(length, options);
  }

  private async run(
    main: OpenMain,
    slots: readonly TestSlot[],
    change: Partial<OpenTask>,
  ): Promise<Opened> {
    const result = await openResource(this.task(main, change), this.harness.context);
    await main.closed();
    return { result, main, slots, bytes: Buffer.concat(slots.map((made) => made.content())) };
  }
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
  return new Fixture(origin, harness);
}

const expected = patternBytes(SEED, 0, LENGTH);
const root = oracleRoot(expected);

function isWhole(test: Test, opened: Opened): void {
  test.match(opened.result, { kind: 'complete', lengthBytes: LENGTH });
  test.ok(opened.bytes.equals(expected), 'exact bytes');
  test.equal(rootOf(opened.main.chunks), root);
  for (const { watermark, slot } of opened.slots) {
    test.equal(watermark.state, 'complete');
    test.equal(watermark.available, Math.min(CHUNK, LENGTH - slot.start));
  }
}

function failed(code: ErrorCode, originStatus?: number): object {
  return { kind: 'failed', error: { code, ...(originStatus !== undefined && { originStatus }) } };
}

void t.test('a 206: one slot, length and validator from its head', async (t) => {
  const f = await fixture(t);
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

void t.test('a 206 of a small object: its id is the root', async (t) => {
  const f = await fixture(t);
  f.origin.objects.set('/o', { bytes: { seed: SEED, length: 5000 } });
  const { main } = await f.open(5000, { range: { start: 0, end: CHUNK } });
  t.equal(main.chunks[0]?.chunkId, oracleRoot(expected.subarray(0, 5000)));
});

void t.test('a 200: a stream of chunks, each asked for when its first byte is there', async (t) => {
  const f = await fixture(t);
  const opened = await f.open(LENGTH);
  isWhole(t, opened);
  t.same(
    opened.main.events.map((event) => event.kind),
    ['head', 'wrote', 'want', 'wrote', 'want', 'wrote'],
  );
  t.equal(f.origin.bodyBytes, LENGTH);
});

void t.test('a 200 in answer to a range', async (t) => {
  const f = await fixture(t);
  f.origin.script({ actions: [{ kind: 'ignore-range' }] });
  isWhole(t, await f.open(LENGTH, { range: { start: 0, end: CHUNK } }));
});

void t.test('a stream that ends with the connection', async (t) => {
  const f = await fixture(t);
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

void t.test('a chunked stream, which the lean client leaves to the other', async (t) => {
  const f = await fixture(t);
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

void t.test('an empty object has no chunk', async (t) => {
  const f = await fixture(t);
  f.origin.objects.set('/o', { bytes: Buffer.alloc(0) });
  const { result, main } = await f.open(0);
  t.match(result, { kind: 'complete', lengthBytes: 0 });
  t.same(main.chunks, []);
});

void t.test('heads without content are posted and end the task', async (t) => {
  const f = await fixture(t);
  for (const status of [301, 304, 401, 403, 416]) {
    f.origin.next({ kind: 'status', status });
    const { result, main } = await f.answer(() => null);
    t.match(result, { kind: 'stopped', stats: { statuses: [status] } });
    t.equal(main.head?.status, status);
  }
});

void t.test('conditions are sent', async (t) => {
  const f = await fixture(t);
  const { main } = await f.answer(() => null, { conditions: { 'if-none-match': DEFAULT_ETAG } });
  t.equal(main.head?.status, 304);
});

void t.test('another final status has a body like any other', async (t) => {
  const f = await fixture(t);
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
  ['503', { kind: 'status', status: 503, fields: { 'retry-after': '9' } }, 'origin-status'],
  ['429', { kind: 'status', status: 429 }, 'origin-status'],
  ['garbage', { kind: 'garbage', bytes: 'SSH-2.0-OpenSSH\r\n\r\n' }, 'origin-protocol'],
  ['wrong start', { kind: 'content-range', start: 1 }, 'origin-range-mismatch'],
  ['wrong end', { kind: 'content-range', end: 3 }, 'origin-range-mismatch'],
];

for (const [name, action, retry] of ONCE) {
  void t.test(`once ${name}: invisible`, async (t) => {
    const f = await fixture(t);
    f.origin.next(action);
    const { result, main } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
    t.match(result, { kind: 'complete', stats: { retries: [retry] } });
    t.equal(main.events.filter((event) => event.kind === 'head').length, 1);
  });
}

void t.test('faults that stay', async (t) => {
  const f = await fixture(t);
  await t.test('a 5xx is posted once there is no attempt left', async (t) => {
    const remove = f.origin.script({ actions: [{ kind: 'status', status: 502, body: 'bad' }] });
    const { result, main } = await f.open(3);
    t.match(result, { kind: 'complete', stats: { statuses: [502, 502, 502, 502] } });
    t.equal(main.head?.status, 502);
    remove();
  });
  await t.test('a wrong Content-Range', async (t) => {
    const remove = f.origin.script({ actions: [{ kind: 'content-range', start: 1 }] });
    const { result, main } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
    t.match(result, failed('origin-range-mismatch'));
    t.same(main.events, []);
    remove();
  });
  await t.test('a 206 that does not tell the length', async (t) => {
    const remove = f.origin.script({ actions: [{ kind: 'content-range', complete: '*' }] });
    const { result } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
    t.match(result, failed('origin-range-mismatch'));
    remove();
  });
});

void t.test('a body that breaks anywhere goes on there', async (t) => {
  const f = await fixture(t);
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

void t.test('a ranged body that breaks goes on', async (t) => {
  const f = await fixture(t);
  f.origin.next({ kind: 'reset', afterBytes: 700_000 });
  const { result, bytes } = await f.open(LENGTH, { range: { start: CHUNK, end: 2 * CHUNK } });
  t.match(result, { kind: 'complete', stats: { originBytes: CHUNK } });
  t.ok(bytes.equals(expected.subarray(CHUNK, 2 * CHUNK)));
});

void t.test('a 206 with less than was asked is completed', async (t) => {
  const f = await fixture(t);
  f.origin.next({ kind: 'shorter-range', bytes: 1_500_000 });
  const { result, bytes } = await f.open(LENGTH, { range: { start: 0, end: CHUNK } });
  t.match(result, { kind: 'complete', stats: { statuses: [206, 206], originBytes: CHUNK } });
  t.ok(bytes.equals(expected.subarray(0, CHUNK)));
});

void t.test('a stream that breaks at an origin without ranges is read again', async (t) => {
  const f = await fixture(t);
  f.origin.script({ times: 1, actions: [{ kind: 'short', afterBytes: CHUNK + 5 }] });
  f.origin.script({ actions: [{ kind: 'ignore-range' }] });
  const opened = await f.open(LENGTH);
  isWhole(t, opened);
  t.same(opened.result.stats.statuses, [200, 200]);
});

void t.test('a body that breaks and cannot go on fails', async (t) => {
  const f = await fixture(t);
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
  const f = await fixture(t);
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

void t.test('the main thread can stop it', async (t) => {
  const f = await fixture(t);
  await t.test('at the head: no body is read', async (t) => {
    const { result } = await f.answer(() => ({ kind: 'stop' }));
    t.match(result, { kind: 'stopped', stats: { originBytes: 0 } });
  });
  await t.test('at a chunk', async (t) => {
    const made = f.slot(CHUNK, {});
    const { result, main } = await f.answer((event) =>
      event.kind === 'head' ? { kind: 'slot', slot: made.slot } : { kind: 'stop' },
    );
    t.equal(result.kind, 'stopped');
    t.equal(main.chunks.length, 1);
  });
  await t.test('by closing its port', async (t) => {
    const main: OpenMain = new OpenMain(() => {
      main.close();
      return null;
    });
    const result = await openResource(f.task(main), f.harness.context);
    t.equal(result.kind, 'stopped');
  });
});

void t.test('a slot that is not what was asked for is a bug of ours, not a hang', async (t) => {
  const f = await fixture(t);
  const made = f.slot(CHUNK, { index: 1, start: CHUNK });
  const { result } = await f.answer(() => ({ kind: 'slot', slot: made.slot }));
  t.match(result, failed('internal'));
});

void t.test('cancelling ends every wait', async (t) => {
  const clock = new ManualClock();
  const f = await fixture(t, { clock });
  const main = new OpenMain((event) => {
    // The question is never answered.
    if (event.kind === 'head') f.control.cancel();
    return null;
  });
  const opening = openResource(f.task(main), f.harness.context);
  await f.origin.waitFor((origin) => origin.requests.length === 1);
  while (main.events.length === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(CANCEL_POLL_MS);
  t.match(await opening, failed('cancelled'));
});

void t.test(
  'a connection that breaks while a chunk waits for its slot loses nothing',
  async (t) => {
    const f = await fixture(t);
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
  },
);
