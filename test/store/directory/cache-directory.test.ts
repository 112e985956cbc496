import { chmodSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemCalls } from '#src/compute/native.js';
import { Layout } from '#src/store/directory/layout.js';
import { CacheDirectory } from '#src/store/directory/cache-directory.js';
import { StartupError } from '#src/store/directory/startup-error.js';
import { mountSmallDisk, remount } from '../../fixtures/store-mounts.js';
import { startStoreProcess } from '../../fixtures/store-process.js';

const CHUNK_BYTES = 1 << 20;

function siteOf(directory: string, chunkSizeBytes = CHUNK_BYTES): CacheDirectory {
  return new CacheDirectory(new Layout(directory), chunkSizeBytes, systemCalls);
}

t.test('the cache directory is created for its owner alone', (t) => {
  const directory = join(t.testdir({}), 'new', 'cache');
  const site = siteOf(directory);
  t.notOk(site.isReady);
  site.prepare();
  t.ok(site.isReady);
  const paths = [directory, ...new Layout(directory).directories];
  for (const path of paths) t.equal(statSync(path).mode & 0o777, 0o700, path);
  t.equal(readFileSync(join(directory, 'lock'), 'utf8'), `${String(process.pid)}\n`);
  t.strictSame(JSON.parse(readFileSync(join(directory, 'forebay.json'), 'utf8')), {
    format: 1,
    chunkSizeBytes: CHUNK_BYTES,
  });
  site.prepare();
  t.ok(site.isReady, 'preparing again changes nothing');
  site.close();
  t.end();
});

t.test('a second process gets the pid that has the directory', async (t) => {
  const directory = t.testdir({});
  const holder = await startStoreProcess(t, 'hold', directory);
  const error = t.throws(() => {
    siteOf(directory).prepare();
  }, StartupError);
  t.match(error, { code: 'cache-locked', message: `process ${String(holder.child.pid)} uses` });
  await holder.kill();
  const site = siteOf(directory);
  site.prepare();
  site.close();
});

t.test('the lock holds within one process until the first store is closed', (t) => {
  const directory = t.testdir({});
  const [first, second] = [siteOf(directory), siteOf(directory)];
  first.prepare();
  t.throws(
    () => {
      second.prepare();
    },
    { code: 'cache-locked' },
  );
  first.close();
  second.prepare();
  second.close();
  t.end();
});

t.test('a symlink in the place of a directory of ours is refused', (t) => {
  const directory = t.testdir({ cache: {}, elsewhere: {} });
  const cache = join(directory, 'cache');
  const first = siteOf(cache);
  first.prepare();
  first.close();
  renameSync(join(cache, 'tmp'), join(directory, 'moved'));
  symlinkSync(join(directory, 'elsewhere'), join(cache, 'tmp'));
  t.throws(
    () => {
      siteOf(cache).prepare();
    },
    { code: 'ENOTDIR' },
  );
  t.end();
});

t.test('modes that became too wide are narrowed', (t) => {
  const directory = t.testdir({});
  const first = siteOf(directory);
  first.prepare();
  first.close();
  chmodSync(join(directory, 'chunks'), 0o777);
  const second = siteOf(directory);
  second.prepare();
  t.equal(statSync(join(directory, 'chunks')).mode & 0o777, 0o700);
  second.close();
  t.end();
});

t.test('a read-only directory is locked and checked', (t) => {
  const disk = mountSmallDisk(t, 1 << 20);
  if (disk === undefined) {
    t.end();
    return;
  }
  const first = siteOf(disk);
  first.prepare();
  first.close();
  remount(disk, 'ro');
  t.throws(
    () => {
      siteOf(disk, 2 * CHUNK_BYTES).prepare();
    },
    { code: 'cache-chunk-size' },
  );
  const site = siteOf(disk);
  t.throws(
    () => {
      site.prepare();
    },
    { code: 'EROFS' },
  );
  t.notOk(site.isReady);
  t.throws(
    () => {
      siteOf(disk).prepare();
    },
    { code: 'cache-locked' },
  );
  site.close();
  t.end();
});
