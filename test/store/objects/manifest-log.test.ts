import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ManifestLog } from '#src/store/objects/manifest-log.js';
import { chunkOf, identityOf } from '../../fixtures/store-chunks.js';
import { mountSmallDisk } from '../../fixtures/store-mounts.js';

const IDENTITY = identityOf('model', null);
const chunk = (index: number, seed = 'model') =>
  ({ kind: 'chunk', record: chunkOf(seed, index, 100).record }) as const;

t.test('the first append creates the file, and all records are read back', async (t) => {
  const path = join(t.testdir({}), 'manifest');
  const log = ManifestLog.fresh(path, IDENTITY);
  t.notOk(existsSync(path));
  const growth = log.growth([chunk(0), chunk(1)]);
  await log.append([chunk(0), chunk(1)]);
  t.equal(log.sizeBytes, growth);
  t.equal(statSync(path).size, growth);
  t.equal(statSync(path).mode & 0o777, 0o600);
  await log.append([chunk(2)]);
  await log.close();
  await log.append([chunk(3)]);
  await log.close();
  const read = await ManifestLog.read(path);
  t.strictSame(read?.contents, log.contents);
  t.strictSame([...(read?.contents.records.keys() ?? [])], [0, 1, 2, 3]);
});

t.test('a torn tail is cut before the next append', async (t) => {
  const path = join(t.testdir({}), 'manifest');
  const log = ManifestLog.fresh(path, IDENTITY);
  await log.append([chunk(0)]);
  await log.close();
  appendFileSync(path, '0123456789abcdef {"kind":"chunk","ind');
  const read = await ManifestLog.read(path);
  t.equal(read?.sizeBytes, log.sizeBytes);
  await read?.append([chunk(1)]);
  await read?.close();
  t.notMatch(readFileSync(path, 'utf8'), /"ind[^e]/);
  const again = await ManifestLog.read(path);
  t.strictSame([...(again?.contents.records.keys() ?? [])], [0, 1]);
});

t.test('a damaged first record drops the file, and its contents are overwritten', async (t) => {
  const path = join(t.testdir({ manifest: 'not a manifest\n' }), 'manifest');
  t.equal(await ManifestLog.read(path), undefined);
  const log = ManifestLog.fresh(path, IDENTITY);
  await log.append([chunk(0)]);
  await log.close();
  t.strictSame((await ManifestLog.read(path))?.contents, log.contents);
  await t.rejects(ManifestLog.read(`${path}-not-there`), { code: 'ENOENT' });
});

t.test('dead lines are removed once they outweigh the live ones', async (t) => {
  const directory = t.testdir({});
  const path = join(directory, 'manifest');
  const log = ManifestLog.fresh(path, IDENTITY);
  let rounds = 0;
  while (!log.wantsCompaction && rounds < 1000) {
    await log.append([chunk(0, `round ${String(rounds)}`), chunk(1, `round ${String(rounds)}`)]);
    rounds += 1;
  }
  t.ok(rounds > 10 && rounds < 1000);
  const live = log.liveBytes;
  const before = structuredClone(log.contents);
  await log.rewrite(join(directory, 'draft'));
  t.equal(log.sizeBytes, live);
  t.equal(statSync(path).size, live);
  t.notOk(existsSync(join(directory, 'draft')));
  await log.append([chunk(2)]);
  await log.close();
  const read = await ManifestLog.read(path);
  t.strictSame(read?.contents.records.get(0), before.records.get(0));
  t.equal(read?.contents.records.size, 3);
});

t.test('an append that fails half-way leaves file and memory as they were', async (t) => {
  const disk = mountSmallDisk(t, 64 * 1024);
  if (disk === undefined) return;
  const log = ManifestLog.fresh(join(disk, 'manifest'), IDENTITY);
  await log.append([chunk(0)]);
  const size = log.sizeBytes;
  const many = Array.from({ length: 500 }, (_, index) => chunk(index));
  await t.rejects(log.append(many), { code: 'ENOSPC' });
  t.equal(statSync(join(disk, 'manifest')).size, size);
  t.equal(log.contents.records.size, 1);
  await log.append([chunk(1)]);
  await log.close();
  const read = await ManifestLog.read(join(disk, 'manifest'));
  t.strictSame([...(read?.contents.records.keys() ?? [])], [0, 1]);
  const fresh = ManifestLog.fresh(join(disk, 'other'), IDENTITY);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(40 * 1024));
  await t.rejects(fresh.append(many), { code: 'ENOSPC' });
  t.notOk(existsSync(join(disk, 'other')), 'a file that could not be begun is not there');
});
