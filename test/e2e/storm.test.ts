/** Many clients of one cold object: everybody gets the right bytes, the origin sends them once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  aria2c,
  curl,
  getRange,
  isPattern,
  missing,
  patternSha256,
  sha256,
} from '../fixtures/program-client.js';
import { seededRandom } from '../fixtures/program-random.js';
import { startProgram, testDirectory } from '../fixtures/program.js';
import { eventually } from '../fixtures/store-eventually.js';
import { startOrigin } from '../fixtures/scripted-origin.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 11;

/** What `origins[].maxConnections` is by default. */
const MAX_ORIGIN_CONNECTIONS = 32;

async function originOf(t: Test, length: number) {
  const origin = await startOrigin({
    objects: { '/model': { bytes: { seed: SEED, length }, cacheControl: 'max-age=3600' } },
  });
  t.teardown(() => origin.close());
  return origin;
}

t.test(
  '16 curls of one cold object cost one fetch of each chunk',
  { skip: missing('curl') },
  async (t) => {
    const length = 64 * MEBIBYTE + 12_345;
    const origin = await originOf(t, length);
    const program = await startProgram(t, { origin: origin.url });
    const directory = testDirectory(t);
    const files = Array.from({ length: 16 }, (_, client) =>
      join(directory, `got-${String(client)}`),
    );

    const runs = await Promise.all(
      files.map((file) => curl(t, `${program.url}/model`, '--fail', '-o', file)),
    );

    t.same(new Set(runs.map(({ code }) => code)), new Set([0]));
    const digests = new Set(files.map((file) => sha256(readFileSync(file))));
    t.same([...digests], [patternSha256(SEED, length)], 'sixteen equal digests, the right one');
    t.equal(origin.bodyBytes, length, 'the origin sent each byte once');
    t.ok(origin.maxOpenConnections <= MAX_ORIGIN_CONNECTIONS, 'within the configured connections');
    t.equal(await program.metric('forebay_origin_bytes_total'), length);

    const again = await curl(t, `${program.url}/model`, '--fail', '-o', join(directory, 'again'));
    t.equal(again.code, 0);
    t.equal(origin.bodyBytes, length, 'warm: nothing more');
    t.ok(await eventually(() => program.logs().at(-1)?.['result'] === 'hit'));
  },
);

t.test('400 random ranges of 16 clients are exact and fetch each chunk once', async (t) => {
  const length = 48 * MEBIBYTE + 777;
  const origin = await originOf(t, length);
  const program = await startProgram(t, {
    origin: origin.url,
    env: { FOREBAY_CACHE_CHUNK_SIZE: '4MiB' },
  });
  const { random } = seededRandom(t);
  const ranges = Array.from({ length: 400 }, () => {
    const start = Math.floor(random() * length);
    // Squared: many small ranges, some that cross several chunks.
    const size = 1 + Math.floor(random() ** 2 * 6 * MEBIBYTE);
    return { start, end: Math.min(length, start + size) };
  });

  const wrong: string[] = [];
  const client = async (): Promise<void> => {
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const { start, end } = range;
      const got = await getRange(`${program.url}/model`, start, end);
      const whole = got.status === 206 && got.whole && got.body.length === end - start;
      if (!whole || !isPattern(got.body, SEED, start)) wrong.push(JSON.stringify(range));
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));

  t.same(wrong, [], 'every range is whole and right');
  t.ok(origin.bodyBytes <= length, 'no byte of the origin was fetched twice');
  t.ok(origin.maxOpenConnections <= MAX_ORIGIN_CONNECTIONS);
});

t.test(
  'aria2c with 16 connections gets the right object',
  { skip: missing('aria2c') },
  async (t) => {
    const length = 64 * MEBIBYTE + 1;
    const origin = await originOf(t, length);
    const program = await startProgram(t, { origin: origin.url });
    const directory = testDirectory(t);

    const cold = await aria2c(t, `${program.url}/model`, directory, 'cold');
    t.equal(cold.code, 0, cold.stderr);
    t.equal(sha256(readFileSync(join(directory, 'cold'))), patternSha256(SEED, length));
    t.equal(origin.bodyBytes, length);
    t.ok(origin.maxOpenConnections <= MAX_ORIGIN_CONNECTIONS);

    const warm = await aria2c(t, `${program.url}/model`, directory, 'warm');
    t.equal(warm.code, 0, warm.stderr);
    t.equal(sha256(readFileSync(join(directory, 'warm'))), patternSha256(SEED, length));
    t.equal(origin.bodyBytes, length);
  },
);
