/**
 * Somebody else writes to the cache directory: what lies there is believed only as far as it is
 * checked.
 */
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheFiles } from '../fixtures/program-disk.js';
import { startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';

const RIGHT = bytesOf(1, 1);

/** A stopped Forebay's directory with one object in it, and a file elsewhere of the same length. */
async function scene(t: Test) {
  const origin = await runOrigin(t, { '/a': fresh(1, 1) });
  const root = t.testdir({ cache: {} });
  const directory = join(root, 'cache');
  const forebay = await startForebay(t, { origin, directory });
  await forebay.get('/a');
  await forebay.holds(1);
  const secret = join(root, 'secret');
  writeFileSync(secret, Buffer.alloc(RIGHT.length, 'secret'));
  return { origin, directory, forebay, secret };
}

t.test('symlinks in the place of cache files are never followed', async (t) => {
  for (const kind of ['chunks', 'manifests', 'responses'] as const) {
    for (const when of ['running', 'stopped'] as const) {
      const { origin, directory, forebay, secret } = await scene(t);
      if (when === 'stopped') await forebay.stop();
      for (const file of cacheFiles(directory, kind)) {
        rmSync(file);
        symlinkSync(secret, file);
      }
      const after = when === 'stopped' ? await startForebay(t, { origin, directory }) : forebay;
      for (let round = 0; round < 2; round += 1) {
        const { body } = await after.get('/a');
        t.ok(body.equals(RIGHT), `${kind} ${when}: the origin's bytes`);
      }
      const untouched = readFileSync(secret).equals(Buffer.alloc(RIGHT.length, 'secret'));
      t.ok(untouched, 'nothing is written through');
      await after.stop();
    }
  }
});

t.test('a symlink to the right bytes is not followed: they may change afterwards', async (t) => {
  for (const kind of ['chunks', 'manifests', 'responses'] as const) {
    const { origin, directory, forebay } = await scene(t);
    await forebay.stop();
    const before = origin.requests.length;
    const [file = ''] = cacheFiles(directory, kind);
    const copy = join(dirname(directory), 'copy');
    renameSync(file, copy);
    symlinkSync(copy, file);
    const again = await startForebay(t, { origin, directory });
    t.ok((await again.get('/a')).body.equals(RIGHT));
    t.ok(origin.requests.length > before, `${kind}: the origin was asked`);
  }
});

t.test('a symlink in the place of a shard is refused and yields no wrong byte', async (t) => {
  const { origin, directory, forebay } = await scene(t);
  await forebay.stop();
  const [chunk = ''] = cacheFiles(directory, 'chunks');
  const elsewhere = join(dirname(directory), 'elsewhere');
  renameSync(dirname(chunk), elsewhere);
  writeFileSync(
    join(elsewhere, chunk.slice(dirname(chunk).length + 1)),
    Buffer.alloc(RIGHT.length),
  );
  symlinkSync(elsewhere, dirname(chunk));
  // Files would be looked for, and put, where it leads.
  await t.rejects(startForebay(t, { origin, directory }), { code: 'cache-directory' });
  unlinkSync(dirname(chunk));
  const again = await startForebay(t, { origin, directory });
  t.ok((await again.get('/a')).body.equals(RIGHT));
});

t.test('foreign files and directories in the cache directory are left alone', async (t) => {
  const { origin, directory, forebay } = await scene(t);
  await forebay.stop();
  const [chunk = ''] = cacheFiles(directory, 'chunks');
  rmSync(chunk);
  mkdirSync(chunk);
  writeFileSync(join(dirname(chunk), 'notes.txt'), 'mine');
  const again = await startForebay(t, { origin, directory });
  t.ok((await again.get('/a')).body.equals(RIGHT));
  t.equal(readFileSync(join(dirname(chunk), 'notes.txt'), 'utf8'), 'mine');
});

t.test('stored files are readable by their owner alone', async (t) => {
  const { directory } = await scene(t);
  const files = (['chunks', 'manifests', 'responses'] as const).flatMap((kind) =>
    cacheFiles(directory, kind),
  );
  t.equal(files.length, 3);
  for (const file of files) {
    t.equal(statSync(file).mode & 0o077, 0, file);
    t.equal(statSync(dirname(file)).mode & 0o077, 0, dirname(file));
  }
});
