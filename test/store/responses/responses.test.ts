import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { toHeaderMap } from '#src/model/headers.js';
import { MAX_VARIANTS, type ResponseRecord } from '#src/model/response.js';
import { responseKey } from '#src/store/objects/keys.js';
import { Layout } from '#src/store/directory/layout.js';
import { identityOf } from '../../fixtures/store-chunks.js';
import { mountSmallDisk, remount } from '../../fixtures/store-mounts.js';
import { openTestStore } from '../../fixtures/store-opening.js';

function recordOf(name: string, variants = 1): ResponseRecord {
  const one = {
    kind: 'response' as const,
    order: 7,
    status: 200,
    headers: toHeaderMap({ etag: `"${name}"` }),
    requestHeaders: toHeaderMap({}),
    requestTimeMs: 1000,
    responseTimeMs: 1010,
    hops: [],
    object: identityOf(name, 1000),
  };
  return {
    origin: 'hub',
    uri: `https://origin.example/${name}`,
    acceptsRanges: true,
    variants: Array.from({ length: variants }, () => one),
  };
}

const keyOf = (name: string) => responseKey('hub', recordOf(name).uri);

t.test('a record survives the process, a deleted one does not', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  t.equal(await first.responses.get(keyOf('a')), undefined);
  await first.responses.update(keyOf('a'), () => recordOf('a'));
  await first.responses.update(keyOf('a'), () => recordOf('a', 2));
  await first.responses.update(keyOf('b'), () => recordOf('b'));
  await first.responses.delete(keyOf('b'));
  t.strictSame(await first.responses.get(keyOf('a')), recordOf('a', 2));
  const used = first.chunks.usage().usedBytes;
  await first.close();
  const second = await openTestStore(t);
  t.strictSame(await second.responses.get(keyOf('a')), recordOf('a', 2));
  t.equal(await second.responses.get(keyOf('b')), undefined);
  t.ok(second.chunks.usage().usedBytes <= used);
});

t.test('variants and records are bounded', async (t) => {
  const directory = t.testdir({});
  const { responses } = await openTestStore(t, { metadataCapacityBytes: 40 * 1024 });
  await responses.update(keyOf('many'), () => recordOf('many', MAX_VARIANTS + 3));
  t.equal((await responses.get(keyOf('many')))?.variants.length, MAX_VARIANTS);
  await responses.update(keyOf('b'), () => recordOf('b'));
  await responses.settled();
  t.ok(await responses.get(keyOf('many')), 'used last');
  await responses.update(keyOf('c'), () => recordOf('c'));
  await responses.settled();
  t.equal(await responses.get(keyOf('b')), undefined, 'the least recently used went');
  t.ok((await responses.get(keyOf('many'))) && (await responses.get(keyOf('c'))));
  t.equal(readdirSync(join(directory, 'tmp')).length, 0);
});

t.test('a record is available before its file is, and close waits for the file', async (t) => {
  const directory = t.testdir({});
  const first = await openTestStore(t);
  const file = new Layout(directory).response(keyOf('a'));
  await first.responses.update(keyOf('a'), () => recordOf('a'));
  t.notOk(existsSync(file), 'not written yet');
  t.strictSame(await first.responses.get(keyOf('a')), recordOf('a'));
  await first.close();
  t.ok(existsSync(file));
});

t.test('all records are listed once, written or not', async (t) => {
  t.testdir({});
  const { responses } = await openTestStore(t);
  const names = ['a', 'b', 'c'];
  for (const name of names) await responses.update(keyOf(name), () => recordOf(name));
  const listed: string[] = [];
  // They are written while they are listed.
  for await (const [, { uri }] of responses.entries()) {
    listed.push(uri);
    await responses.settled();
  }
  const uris = names.map((name) => recordOf(name).uri);
  t.same(listed.sort(), uris);
});

t.test('a removal comes after the pending write of the same record', async (t) => {
  const directory = t.testdir({});
  const { responses } = await openTestStore(t);
  void responses.update(keyOf('a'), () => recordOf('a'));
  void responses.update(keyOf('a'), () => recordOf('a', 2));
  await responses.delete(keyOf('a'));
  await responses.settled();
  t.equal(await responses.get(keyOf('a')), undefined);
  t.notOk(existsSync(new Layout(directory).response(keyOf('a'))));
});

t.test('changes of one record run in order', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  await first.responses.update(keyOf('a'), () => recordOf('a'));
  await first.close();
  const { responses } = await openTestStore(t);
  const seen: (number | undefined)[] = [];
  const grow = () =>
    responses.update(keyOf('a'), (known) => {
      seen.push(known?.variants.length);
      return recordOf('a', (known?.variants.length ?? 0) + 1);
    });
  await Promise.all([grow(), grow(), grow()]);
  t.strictSame(seen, [1, 2, 3], 'the first was read from the disk');
  await t.rejects(
    responses.update(keyOf('a'), () => {
      throw new Error('no');
    }),
    { message: 'no' },
  );
  const hot = responses.hot(keyOf('a'));
  await responses.update(keyOf('a'), (known) => known);
  t.equal(responses.hot(keyOf('a')), hot, 'the same one stays');
  await responses.update(keyOf('a'), () => undefined);
  await responses.settled();
  t.equal(await responses.get(keyOf('a')), undefined);
});

t.test('the number of unwritten records is bounded', async (t) => {
  const directory = t.testdir({});
  const { responses } = await openTestStore(t);
  const names = Array.from({ length: 200 }, (_, index) => `n${String(index)}`);
  for (const name of names) await responses.update(keyOf(name), () => recordOf(name));
  const layout = new Layout(directory);
  const missing = names.filter((name) => !existsSync(layout.response(keyOf(name))));
  t.ok(missing.length <= 65, `${String(missing.length)} are not on the disk`);
});

t.test('a damaged or misplaced record is a miss, and is deleted', async (t) => {
  const directory = t.testdir({});
  const first = await openTestStore(t);
  for (const name of ['torn', 'other'])
    await first.responses.update(keyOf(name), () => recordOf(name));
  await first.close();
  const layout = new Layout(directory);
  const torn = readFileSync(layout.response(keyOf('torn')));
  writeFileSync(layout.response(keyOf('torn')), torn.subarray(0, -5));
  // A record of another URL in its place would be an answer to the wrong question.
  writeFileSync(layout.response(keyOf('other')), torn);
  const second = await openTestStore(t);
  for (const name of ['torn', 'other']) {
    t.equal(await second.responses.get(keyOf(name)), undefined);
    t.notOk(existsSync(layout.response(keyOf(name))));
    await second.responses.update(keyOf(name), () => recordOf(name));
    t.ok(await second.responses.get(keyOf(name)));
  }
});

t.test('on a read-only disk records are kept in memory', async (t) => {
  const disk = mountSmallDisk(t, 1 << 20);
  if (disk === undefined) return;
  const first = await openTestStore(t, { directory: disk });
  await first.responses.update(keyOf('old'), () => recordOf('old'));
  await first.close();
  remount(disk, 'ro');
  const { responses } = await openTestStore(t, { directory: disk });
  t.strictSame(await responses.get(keyOf('old')), recordOf('old'));
  await responses.update(keyOf('new'), () => recordOf('new'));
  t.strictSame(await responses.get(keyOf('new')), recordOf('new'));
  await responses.delete(keyOf('new'));
  t.equal(await responses.get(keyOf('new')), undefined);
});

t.test('a record in memory is returned at once, the same until replaced', async (t) => {
  t.testdir({});
  const first = await openTestStore(t);
  t.equal(first.responses.hot(keyOf('a')), undefined);
  await first.responses.update(keyOf('a'), () => recordOf('a'));
  const hot = first.responses.hot(keyOf('a'));
  t.equal(hot, await first.responses.get(keyOf('a')));
  await first.responses.update(keyOf('a'), () => recordOf('a'));
  t.not(first.responses.hot(keyOf('a')), hot, 'another, although it says the same');
  await first.close();
  const second = await openTestStore(t);
  t.equal(second.responses.hot(keyOf('a')), undefined, 'on the disk alone');
  t.ok(await second.responses.get(keyOf('a')));
  t.strictSame(second.responses.hot(keyOf('a')), recordOf('a'));
});
