import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { describe, startForebay, type RunningForebay } from '../../fixtures/running.js';
import { bytesOf, fresh, runOrigin, sizeOf } from '../../fixtures/running-origin.js';

/** Chunk files of a cache, in a stable order. */
function chunkFiles(directory: string): string[] {
  return readdirSync(join(directory, 'chunks'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /[0-9a-f]{64}$/.test(path))
    .map((path) => join(directory, 'chunks', path))
    .sort();
}

/** A Forebay that fetched an object of three chunks and stopped. */
async function left(t: Test) {
  const origin = await runOrigin(t, { '/a': fresh(1, 3) });
  const directory = t.testdir();
  const before = await startForebay(t, { origin, directory });
  await before.get('/a');
  await before.holds(3);
  await before.stop();
  return { origin, directory };
}

async function readsRight(t: Test, forebay: RunningForebay): Promise<void> {
  const clients = await Promise.all([1, 2, 3, 4].map(() => forebay.get('/a')));
  for (const got of clients) t.ok(got.body.equals(bytesOf(1, 3)), describe(got));
}

t.test('after a restart each chunk is compared once, whoever reads it', async (t) => {
  const { origin, directory } = await left(t);
  const forebay = await startForebay(t, { origin, directory });
  await readsRight(t, forebay);
  await readsRight(t, forebay);
  t.equal(await forebay.metric('forebay_chunks_verified_total'), 3);
  t.equal(origin.bodyBytes, sizeOf(3), 'nothing was fetched again');
});

t.test('one flipped byte is found at the first read, and healed', async (t) => {
  const { origin, directory } = await left(t);
  const [file = ''] = chunkFiles(directory);
  const bytes = readFileSync(file);
  const at = bytes.length - 7;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const forebay = await startForebay(t, { origin, directory });
  await readsRight(t, forebay);
  await forebay.holds(3);
  t.equal(await forebay.metric('forebay_chunk_verify_failures_total'), 1);
  t.equal(origin.bodyBytes, sizeOf(3) + bytes.length, 'that chunk, once more');
  t.ok(chunkFiles(directory).every((path) => !readFileSync(path).equals(bytes)));
});

t.test('a truncated and an emptied chunk file are misses when opened, and healed', async (t) => {
  const { origin, directory } = await left(t);
  const [one = '', two = ''] = chunkFiles(directory);
  const lost = statSync(one).size + statSync(two).size;
  truncateSync(one, 1000);
  truncateSync(two, 0);
  const forebay = await startForebay(t, { origin, directory });
  await readsRight(t, forebay);
  await forebay.holds(3);
  await readsRight(t, forebay);
  const failures = await forebay.metric('forebay_chunk_verify_failures_total');
  t.equal(failures, 0, 'a file of a wrong length is dropped before it is verified');
  t.equal(await forebay.metric('forebay_dropped_chunks_total'), 2);
  t.equal(origin.bodyBytes, sizeOf(3) + lost, 'those two chunks are fetched once more');
  t.equal(statSync(one).size + statSync(two).size, lost, 'the files are whole again');
});

t.test('a chunk that rots while its origin is gone is an error, never wrong bytes', async (t) => {
  const { origin, directory } = await left(t);
  for (const file of chunkFiles(directory)) {
    const bytes = readFileSync(file);
    bytes[5] = (bytes[5] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
  }
  origin.script({ actions: [{ kind: 'status', status: 500 }] });
  const forebay = await startForebay(t, { origin, directory });
  const got = await forebay.get('/a');
  t.ok(got.aborted || got.status >= 500, describe(got));
  t.ok(got.status >= 500 || got.body.equals(bytesOf(1, 3).subarray(0, got.body.length)));
});
