/**
 * An origin that sends wrong bytes of an object whose digest is pinned: how the failure looks to
 * clients, what it costs, and that it is over when the origin is mended, also across restarts.
 */
import { existsSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { aria2c, get, isPattern, missing, patternSha256 } from '../fixtures/program-client.js';
import { SMALL_CHUNKS, startSceneOrigin } from '../fixtures/program-scene.js';
import { startProgram, testDirectory } from '../fixtures/program.js';
import { patternBytes, type ScriptedOrigin } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 23;
/** The chunk that goes wrong is neither the first nor the last. */
const OFFSET = 4 * MEBIBYTE + 99;
const LONG = 9 * MEBIBYTE + 777;
const SHORT = 300_000;

const ALGORITHMS = {
  sha256: (length: number) => patternSha256(SEED, length),
  'git-sha1': (length: number) =>
    createHash('sha1')
      .update(`blob ${String(length)}\0`)
      .update(patternBytes(SEED, 0, length))
      .digest('hex'),
};

async function start(t: Test, algorithm: keyof typeof ALGORITHMS, lengthBytes: number) {
  const origin = await startSceneOrigin(t, { seed: SEED, lengthBytes });
  const digest = `${algorithm}:${ALGORITHMS[algorithm](lengthBytes)}`;
  const config = JSON.stringify({
    origins: [{ url: origin.url, digests: [{ pattern: '/model', digest }] }],
  });
  const cacheDirectory = join(testDirectory(t), 'cache');
  const run = () => startProgram(t, { config, env: SMALL_CHUNKS, cacheDirectory });
  return { origin, run, program: await run() };
}

function corrupt(origin: ScriptedOrigin, offset: number): () => void {
  return origin.script({ actions: [{ kind: 'corrupt', offset }] });
}

/** All ranges of a chunk, asked for at once; the bytes if every one came whole. */
async function inRanges(url: string, length: number): Promise<Buffer | undefined> {
  const starts = Array.from({ length: Math.ceil(length / MEBIBYTE) }, (_, at) => at * MEBIBYTE);
  const got = await Promise.all(
    starts.map((start) => {
      const last = Math.min(start + MEBIBYTE, length) - 1;
      return get(url, { headers: { range: `bytes=${String(start)}-${String(last)}` } });
    }),
  );
  const isWhole = got.every(({ status, whole }) => status === 206 && whole);
  return isWhole ? Buffer.concat(got.map(({ body }) => body)) : undefined;
}

for (const algorithm of ['sha256', 'git-sha1'] as const) {
  t.test(`${algorithm}, one chunk: an error after one more fetch, until mended`, async (t) => {
    const { origin, program } = await start(t, algorithm, SHORT);
    const url = `${program.url}/model`;
    const mend = corrupt(origin, SHORT - 5);
    const failed = await get(url);
    t.equal(failed.status, 502);
    t.match(failed.body.toString(), /^origin-corrupt /);
    t.equal(origin.bodyBytes, 2 * SHORT, 'it was fetched again once');
    t.equal(await program.metric('forebay_chunk_verify_failures_total', 'source="origin"'), 2);
    const head = await get(url, { method: 'HEAD' });
    t.equal(head.headers['repr-digest'], undefined, 'nothing is claimed of it');
    mend();
    const mended = await get(url);
    t.ok(mended.status === 200 && mended.whole && isPattern(mended.body, SEED, 0));
    t.equal(await program.metric('forebay_objects_verified_total'), 1);
  });

  t.test(`${algorithm}, many chunks: parallel ranges and aria2c never complete`, async (t) => {
    const { origin, program } = await start(t, algorithm, LONG);
    const url = `${program.url}/model`;
    const mend = corrupt(origin, OFFSET);
    for (let round = 0; round < 3; round += 1) t.equal(await inRanges(url, LONG), undefined);
    const directory = testDirectory(t);
    if (missing('aria2c') === false) {
      t.not((await aria2c(t, url, directory, 'a')).code, 0);
      // It keeps this file beside one that is not complete.
      const file = join(directory, 'a');
      t.ok(!existsSync(file) || existsSync(`${file}.aria2`) || statSync(file).size < LONG);
    } else t.comment(missing('aria2c'));
    mend();
    const mended = await inRanges(url, LONG);
    t.ok(mended !== undefined && isPattern(mended, SEED, 0), 'mended: the same requests');
  });

  t.test(`${algorithm}: a kill between the wrong part and the rest`, async (t) => {
    const { origin, run, program } = await start(t, algorithm, LONG);
    const mend = corrupt(origin, OFFSET);
    const first = 4 * MEBIBYTE;
    const range = { range: `bytes=${String(first)}-${String(first + MEBIBYTE - 1)}` };
    // One part may be had: that it is wrong shows when the whole is there.
    const part = await get(`${program.url}/model`, { headers: range });
    t.equal(part.status, 206);
    await program.metricReaches('forebay_cache_chunks', (chunks) => chunks === 1);
    await program.kill9();

    const second = await run();
    const url = `${second.url}/model`;
    t.equal(await inRanges(url, LONG), undefined, 'the part from before the restart counts');
    const whole = await get(url);
    t.notOk(whole.status === 200 && whole.whole);
    await second.kill9();
    mend();
    const third = await run();
    const mended = await get(`${third.url}/model`);
    t.ok(mended.status === 200 && mended.whole && isPattern(mended.body, SEED, 0));
    t.equal(await third.metric('forebay_objects_verified_total'), 1);
  });
}
