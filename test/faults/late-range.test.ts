/**
 * Ranges that begin late in a chunk: their bytes come first, the rest of the chunk after them, and
 * whatever the origin does in between, nobody gets a wrong byte or waits for what will not come.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import { GROUP_SIZE_BYTES as G } from '#src/model/chunk.js';
import { ownDirectory } from '../fixtures/own-directory.js';
import { cacheFiles } from '../fixtures/program-disk.js';
import { describe, type RunningForebay, startForebay, sum } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../fixtures/running-origin.js';
import { type Action, createGate, type ScriptedOrigin } from '../fixtures/scripted-origin.js';

/** Of one group each: two chunks of four and a short one. */
const UNITS = 9;
const CHUNK = 4 * G;
const BYTES = bytesOf(1, UNITS);
/** In the last group of the first chunk. */
const LATE = { start: 3 * G + 1000, end: 3 * G + 2000 };

interface Scene {
  readonly origin: ScriptedOrigin;
  readonly forebay: RunningForebay;
  /** Asks for `[start, end)` and compares. */
  isRight(test: Test, start: number, end: number): Promise<void>;
}

async function startScene(t: Test, known: 'known' | 'unknown'): Promise<Scene> {
  const origin = await runOrigin(t, { '/a': fresh(1, UNITS) });
  const forebay = await startForebay(t, { origin, cache: { chunkSize: '4MiB' } });
  // The short last chunk tells what the object is: the next range is no first contact.
  if (known === 'known') await forebay.range('/a', 2 * CHUNK, 2 * CHUNK + 1);
  return {
    origin,
    forebay,
    isRight: async (test, start, end) => {
      const range = `bytes=${String(start)}-${String(end - 1)}`;
      const got = await forebay.get('/a', { headers: { range } });
      test.equal(got.status, 206, describe(got));
      test.ok(got.body.equals(BYTES.subarray(start, end)), describe(got));
    },
  };
}

const fromBeginning = ({ range }: { range: string | undefined }): boolean =>
  range?.startsWith('bytes=0-') === true;

for (const known of ['known', 'unknown'] as const) {
  t.test(`a late range does not wait for its chunk's beginning: ${known} object`, async (t) => {
    const scene = await startScene(t, known);
    const { origin, forebay } = scene;
    const [asked, cost] = [origin.requests.length, origin.bodyBytes];
    const gate = createGate();
    origin.script({ when: fromBeginning, actions: [{ kind: 'gate', at: 10, gate }] });
    await scene.isRight(t, LATE.start, LATE.end);
    await scene.isRight(t, LATE.start - 1000, CHUNK);
    const early = forebay.range('/a', 0, 100);
    const whole = forebay.range('/a', 0, 5 * G);
    await gate.reached;
    await scene.isRight(t, LATE.start, LATE.end);
    gate.open();
    t.ok((await early).equals(BYTES.subarray(0, 100)));
    t.ok((await whole).equals(BYTES.subarray(0, 5 * G)));
    await forebay.until((found) => found.get('forebay_inflight_fills') === 0);
    t.equal(origin.bodyBytes - cost, 2 * CHUNK, 'each chunk once');
    const ranges = origin.requests.slice(asked).map(({ range }) => range);
    t.same(ranges.slice(0, 2), [
      `bytes=${String(3 * G)}-${String(CHUNK - 1)}`,
      `bytes=0-${String(3 * G - 1)}`,
    ]);
  });
}

/** What passes, once, in either part. */
const ONCE: readonly Action[] = [
  { kind: 'reset', afterBytes: 0 },
  { kind: 'reset', afterBytes: G / 2 },
  { kind: 'short', afterBytes: 100 },
  { kind: 'content-range', start: 1 },
  { kind: 'content-range', complete: 1 },
  { kind: 'fields', fields: { ETag: '"passing"' } },
  { kind: 'status', status: 503 },
  { kind: 'ignore-range' },
  { kind: 'shorter-range', bytes: 1000 },
];

t.test('a fault that occurs once in either part is invisible', async (t) => {
  for (const action of ONCE) {
    for (const skip of [0, 1]) {
      const scene = await startScene(t, 'known');
      scene.origin.script({ skip, times: 1, actions: [action] });
      await Promise.all([
        scene.isRight(t, LATE.start, LATE.end),
        scene.isRight(t, 0, 100),
        scene.isRight(t, 0, CHUNK + 1),
      ]);
      await scene.forebay.stop();
    }
  }
});

t.test('a second part that is refused once gives its readers a new leader', async (t) => {
  const scene = await startScene(t, 'unknown');
  scene.origin.script({ skip: 1, times: 1, actions: [{ kind: 'status', status: 403 }] });
  await scene.isRight(t, LATE.start, LATE.end);
  await scene.isRight(t, 0, 100);
  await scene.isRight(t, 0, sizeOf(UNITS));
});

t.test('a stored chunk is verified from the requested group on, too', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, UNITS) });
  const directory = ownDirectory(t);
  const options = { origin, directory, cache: { chunkSize: '4MiB' } };
  const before = await startForebay(t, options);
  await before.range('/a', 0, CHUNK);
  await before.holds(1);
  await before.stop();
  const [file = ''] = cacheFiles(directory, 'chunks');
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.from([(BYTES[5] ?? 0) ^ 1]), 0, 1, 5);
  closeSync(fd);
  const cost = origin.bodyBytes;
  const after = await startForebay(t, options);
  const late = await after.range('/a', LATE.start, LATE.end);
  t.ok(late.equals(BYTES.subarray(LATE.start, LATE.end)));
  await after.until((found) => sum(found, 'forebay_chunk_verify_failures_total') === 1);
  t.equal(origin.bodyBytes, cost, 'what was wanted was right, and sent before the damage was met');
  t.ok((await after.range('/a', 0, CHUNK)).equals(BYTES.subarray(0, CHUNK)));
  t.equal(origin.bodyBytes - cost, CHUNK, 'the corrupt chunk is fetched once more');
});

for (const known of ['known', 'unknown'] as const) {
  t.test(`a change between the two parts never mixes: ${known} object`, async (t) => {
    const scene = await startScene(t, known);
    const { origin, forebay } = scene;
    const gate = createGate();
    const remove = origin.script({
      when: fromBeginning,
      actions: [{ kind: 'gate', at: -1, gate }],
    });
    await scene.isRight(t, LATE.start, LATE.end);
    await gate.reached;
    // The second part is under way, under the first one's validator.
    const other = bytesOf(2, UNITS);
    remove();
    origin.objects.set('/a', fresh(2, UNITS, { etag: '"other"' }));
    origin.script({ times: 1, actions: [{ kind: 'fields', fields: { ETag: '"other"' } }] });
    const reading = forebay.get('/a', { headers: { range: `bytes=0-${String(CHUNK - 1)}` } });
    gate.open();
    const got = await reading;
    if (got.status === 206) {
      const [old, now] = [BYTES.subarray(0, CHUNK), other.subarray(0, CHUNK)];
      const right = got.body.length === CHUNK && (got.body.equals(old) || got.body.equals(now));
      t.ok(got.aborted || right, describe(got));
      const part = got.body.length;
      t.ok(got.body.equals(old.subarray(0, part)) || got.body.equals(now.subarray(0, part)));
    } else t.ok(got.status >= 500, describe(got));
  });
}
