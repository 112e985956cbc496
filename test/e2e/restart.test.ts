/** What a cache directory survives: kill -9, and damage to each kind of file in it. */
import {
  closeSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheStatusOf, get, isPattern } from '../fixtures/program-client.js';
import { cacheFiles } from '../fixtures/program-disk.js';
import { seededRandom } from '../fixtures/program-random.js';
import { runProgram, startProgram, testDirectory } from '../fixtures/program.js';
import { createGate, startOrigin } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 13;
const CHUNKS = 16;
const LENGTH = (CHUNKS - 1) * MEBIBYTE + 4321;
const ENV = { FOREBAY_CACHE_CHUNK_SIZE: '1MiB' };

async function originOf(t: Test) {
  const origin = await startOrigin({
    objects: { '/model': { bytes: { seed: SEED, length: LENGTH }, cacheControl: 'max-age=3600' } },
  });
  t.teardown(() => origin.close());
  return origin;
}

t.test('a download is resumed from the cache after kill -9 in its middle', async (t) => {
  const origin = await originOf(t);
  // Whatever begins in the second half waits: the kill comes with chunks committed and in flight.
  const gate = createGate();
  const inSecondHalf = (range: string | undefined): boolean =>
    Number(/^bytes=(\d+)/.exec(range ?? '')?.[1] ?? 0) >= LENGTH / 2;
  const remove = origin.script({
    when: ({ range }) => inSecondHalf(range),
    actions: [{ kind: 'gate', at: 1000, gate }],
  });
  const cacheDirectory = join(testDirectory(t), 'cache');
  const first = await startProgram(t, { origin: origin.url, cacheDirectory, env: ENV });
  const broken = get(`${first.url}/model`);
  await gate.reached;
  await first.metricReaches('forebay_cache_chunks', (chunks) => chunks >= CHUNKS / 2);
  await first.kill9();
  const part = await broken;
  t.notOk(part.whole, 'the client knows that it has not all of it');
  t.ok(isPattern(part.body, SEED, 0), 'and what it has is right');

  remove();
  gate.open();
  const before = origin.requests.length;
  const second = await startProgram(t, { origin: origin.url, cacheDirectory, env: ENV });
  const got = await get(`${second.url}/model`);
  t.ok(got.whole && got.body.length === LENGTH && isPattern(got.body, SEED, 0));
  const asked = origin.requests.slice(before);
  t.ok(asked.length > 0);
  t.ok(
    asked.every(({ range }) => inSecondHalf(range)),
    'no committed chunk was fetched again',
  );
  t.equal(
    asked.reduce((sum, { bodyBytesSent }) => sum + bodyBytesSent, 0),
    LENGTH - (CHUNKS / 2) * MEBIBYTE,
    'the missing ones were fetched once',
  );
  t.equal(await second.metric('forebay_chunk_verify_failures_total'), 0);
  t.ok((await second.metric('forebay_chunks_verified_total')) >= CHUNKS / 2);
});

t.test('a chunk filled from its middle is right after kill -9 between its two parts', async (t) => {
  const origin = await originOf(t);
  const gate = createGate();
  const fromBeginning = ({ range }: { range: string | undefined }): boolean =>
    range?.startsWith('bytes=0-') === true;
  const remove = origin.script({
    when: fromBeginning,
    actions: [{ kind: 'gate', at: 1000, gate }],
  });
  const cacheDirectory = join(testDirectory(t), 'cache');
  const env = { FOREBAY_CACHE_CHUNK_SIZE: '4MiB' };
  const first = await startProgram(t, { origin: origin.url, cacheDirectory, env });
  const headers = { range: `bytes=${String(3 * MEBIBYTE)}-${String(4 * MEBIBYTE - 1)}` };
  const late = await get(`${first.url}/model`, { headers });
  t.ok(late.whole && isPattern(late.body, SEED, 3 * MEBIBYTE));
  await gate.reached;
  await first.kill9();
  remove();
  gate.open();
  const second = await startProgram(t, { origin: origin.url, cacheDirectory, env });
  const got = await get(`${second.url}/model`);
  t.ok(got.whole && got.body.length === LENGTH && isPattern(got.body, SEED, 0));
  t.equal(await second.metric('forebay_chunk_verify_failures_total'), 0, 'no half chunk was kept');
});

/** One way to damage a cache, and what mending it may cost the origin. */
interface Damage {
  readonly name: string;
  readonly inflict: (cacheDirectory: string, below: (bound: number) => number) => void;
  readonly maxOriginBytes: number;
  readonly mismatches: number;
}

const damages: readonly Damage[] = [
  {
    name: 'a flipped byte in a chunk file',
    inflict: (cache, below) => {
      flipByte(pick(cacheFiles(cache, 'chunks'), below), below);
    },
    maxOriginBytes: MEBIBYTE,
    mismatches: 1,
  },
  {
    name: 'a flipped byte in each chunk file',
    inflict: (cache, below) => {
      for (const file of cacheFiles(cache, 'chunks')) flipByte(file, below);
    },
    maxOriginBytes: LENGTH,
    mismatches: CHUNKS,
  },
  {
    name: 'a truncated chunk file',
    inflict: (cache, below) => {
      truncateSync(pick(cacheFiles(cache, 'chunks'), below), below(4321));
    },
    maxOriginBytes: MEBIBYTE,
    mismatches: 0,
  },
  {
    name: 'a missing chunk file',
    inflict: (cache, below) => {
      rmSync(pick(cacheFiles(cache, 'chunks'), below));
    },
    maxOriginBytes: MEBIBYTE,
    mismatches: 0,
  },
  {
    name: 'a truncated manifest',
    inflict: (cache, below) => {
      const [manifest = ''] = cacheFiles(cache, 'manifests');
      truncateSync(manifest, below(statSync(manifest).size));
    },
    maxOriginBytes: LENGTH,
    mismatches: 0,
  },
  {
    name: 'a deleted response record',
    inflict: (cache) => {
      for (const file of cacheFiles(cache, 'responses')) rmSync(file);
    },
    maxOriginBytes: MEBIBYTE,
    mismatches: 0,
  },
  {
    name: 'a response record of garbage',
    inflict: (cache) => {
      for (const file of cacheFiles(cache, 'responses')) writeFileSync(file, '{"half a rec');
    },
    maxOriginBytes: MEBIBYTE,
    mismatches: 0,
  },
  {
    name: 'garbage files',
    inflict: (cache) => {
      writeFileSync(join(cache, 'order/v1'), Buffer.alloc(1000, 255));
      writeFileSync(join(cache, 'unknown'), 'what is this');
      writeFileSync(join(cache, 'tmp/left-behind'), 'half a chunk');
      writeFileSync(join(cache, 'chunks/v1', 'not-a-chunk'), 'x');
      const [chunk = ''] = cacheFiles(cache, 'chunks');
      writeFileSync(join(chunk, '..', 'f'.repeat(64)), 'no manifest names me');
    },
    maxOriginBytes: 0,
    mismatches: 0,
  },
];

for (const { name, inflict, maxOriginBytes, mismatches } of damages) {
  t.test(`a cache directory is healed at the start: ${name}`, async (t) => {
    const origin = await originOf(t);
    const { below } = seededRandom(t);
    const cacheDirectory = join(testDirectory(t), 'cache');
    const first = await startProgram(t, { origin: origin.url, cacheDirectory, env: ENV });
    t.ok((await get(`${first.url}/model`)).whole);
    // The client has the last bytes before the store has their record.
    await first.metricReaches('forebay_cache_chunks', (chunks) => chunks === CHUNKS);
    t.equal(await first.stop(), 0);
    inflict(cacheDirectory, below);
    const bytesBefore = origin.bodyBytes;

    const second = await startProgram(t, { origin: origin.url, cacheDirectory, env: ENV });
    const got = await get(`${second.url}/model`);
    t.ok(got.whole && got.body.length === LENGTH && isPattern(got.body, SEED, 0), 'right bytes');
    const cost = origin.bodyBytes - bytesBefore;
    t.ok(cost <= maxOriginBytes, `the origin sent ${String(cost)} bytes again`);
    t.equal(await second.metric('forebay_chunk_verify_failures_total'), mismatches);
    const again = await get(`${second.url}/model`);
    t.ok(again.whole && isPattern(again.body, SEED, 0));
    t.match(cacheStatusOf(again), /^forebay;hit/, 'mended');
    t.equal(origin.bodyBytes - bytesBefore, cost);
    t.equal(await second.stop(), 0);
  });
}

t.test('a second process on the same cache names the first and exits', async (t) => {
  const origin = await originOf(t);
  const cacheDirectory = join(testDirectory(t), 'cache');
  const first = await startProgram(t, { origin: origin.url, cacheDirectory });
  const { end, stderr } = await runProgram(t, { origin: origin.url, cacheDirectory });
  t.equal(end, 75);
  t.match(stderr, new RegExp(`\\b${String(first.pid)}\\b`));
  t.ok((await get(`${first.url}/model`)).whole, 'the first goes on');
  await first.kill9();
  const third = await startProgram(t, { origin: origin.url, cacheDirectory });
  t.ok((await get(`${third.url}/model`)).whole, 'a kill leaves no lock behind');
});

function pick(files: readonly string[], below: (bound: number) => number): string {
  const file = files[below(files.length)];
  if (file === undefined) throw new Error('there is no file to damage');
  return file;
}

function flipByte(file: string, below: (bound: number) => number): void {
  const at = below(statSync(file).size);
  const fd = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  writeSync(fd, Buffer.from([255 - (byte[0] ?? 0)]), 0, 1, at);
  closeSync(fd);
}
