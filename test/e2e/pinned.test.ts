/**
 * A digest pinned in the configuration: what differs from it never completes, however it is read.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  aria2c,
  curl,
  get,
  isPattern,
  missing,
  patternSha256,
  sha256,
} from '../fixtures/program-client.js';
import { cacheFiles } from '../fixtures/program-disk.js';
import { SMALL_CHUNKS, startSceneOrigin } from '../fixtures/program-scene.js';
import { startProgram, testDirectory } from '../fixtures/program.js';

const MEBIBYTE = 1024 * 1024;
const SEED = 18;
const LENGTH = 20 * MEBIBYTE + 2021;

/**
 * What aria2c exits with when a file differs from the digest it was told (its manual, "EXIT
 * STATUS").
 */
const CHECKSUM_MISMATCH = 32;

async function start(t: Test, integrity: 'default' | 'strict') {
  const origin = await startSceneOrigin(t, { seed: SEED, lengthBytes: LENGTH });
  const config = [
    'origins:',
    `  - url: ${origin.url}`,
    `    integrity: ${integrity}`,
    '    digests:',
    '      - pattern: /model',
    `        digest: sha256:${patternSha256(SEED, LENGTH)}`,
    '',
  ].join('\n');
  const program = await startProgram(t, { config, env: SMALL_CHUNKS });
  return { origin, program, url: `${program.url}/model` };
}

for (const integrity of ['default', 'strict'] as const) {
  t.test(`an object that matches its digest completes (${integrity})`, async (t) => {
    const { origin, program, url } = await start(t, integrity);
    const [a, b] = await Promise.all([get(url), get(url)]);
    for (const got of [a, b]) {
      t.ok(got.whole && got.body.length === LENGTH && isPattern(got.body, SEED, 0));
    }
    t.equal(await program.metric('forebay_objects_verified_total'), 1);
    t.equal(origin.bodyBytes, LENGTH);
  });

  t.test(`no client completes a corrupt object (${integrity})`, async (t) => {
    const { origin, program, url } = await start(t, integrity);
    const offset = 11 * MEBIBYTE + 77;
    const mend = origin.script({ actions: [{ kind: 'corrupt', offset }] });
    const directory = testDirectory(t);

    if (missing('curl') === false) {
      const file = join(directory, 'curl');
      const { code } = await curl(t, url, '--fail', '-o', file);
      t.not(code, 0, 'curl fails');
      if (existsSync(file)) t.ok(readFileSync(file).length < LENGTH, 'and has not all of it');
    } else t.comment(missing('curl'));
    if (missing('aria2c') === false) {
      const { code } = await aria2c(t, url, directory, 'aria2c');
      t.not(code, 0, 'aria2c fails');
    } else t.comment(missing('aria2c'));
    const many = await Promise.all(Array.from({ length: 4 }, () => get(url)));
    t.notOk(
      many.some(({ status, whole }) => status === 200 && whole),
      'nor does any of four at once',
    );
    if (integrity === 'strict') {
      t.ok(
        many.every(({ body, status }) => status >= 500 || body.length === 0),
        'and nothing unverified was released',
      );
    }
    t.equal(await program.metric('forebay_objects_verified_total'), 0);

    mend();
    const mended = await get(url);
    t.ok(mended.status === 200 && mended.whole, `mended: ${String(mended.status)}`);
    t.equal(sha256(mended.body), patternSha256(SEED, LENGTH));
    const warm = origin.bodyBytes;
    t.ok(isPattern((await get(url)).body, SEED, 0));
    t.equal(origin.bodyBytes, warm, 'and it is stored');
  });
}

t.test('a transient corruption is fetched again and not visible afterwards', async (t) => {
  const { origin, url } = await start(t, 'strict');
  const offset = 3 * MEBIBYTE + 5;
  const inChunk = (range: string | undefined): boolean =>
    range?.startsWith(`bytes=${String(3 * MEBIBYTE)}-`) === true;
  origin.script({
    when: ({ range }) => inChunk(range),
    times: 1,
    actions: [{ kind: 'corrupt', offset }],
  });
  const got = await get(url);
  t.ok(got.status === 200 && got.whole && isPattern(got.body, SEED, 0), String(got.status));
});

t.test(
  'a client gets the verified digest and detects corruption behind Forebay',
  { skip: missing('aria2c') },
  async (t) => {
    const { program, url } = await start(t, 'default');
    t.ok((await get(url)).whole);
    const directory = testDirectory(t);
    t.equal((await aria2c(t, url, directory, 'right')).code, 0);
    // After its first reading a chunk is not verified again in this process: only the client can
    // see this.
    const [chunk = ''] = cacheFiles(program.cacheDirectory, 'chunks');
    const file = openSync(chunk, 'r+');
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, 77);
    writeSync(file, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, 77);
    closeSync(file);
    const { code, stdout, stderr } = await aria2c(t, url, directory, 'rotten');
    t.equal(code, CHECKSUM_MISMATCH, `${stdout.toString()}${stderr}`);
  },
);
