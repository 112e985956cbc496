/** Cache directories that somebody else made, or may change: nothing in them is believed. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ownUid } from '#src/store/directory/ownership.js';
import { get } from '../fixtures/program-client.js';
import { ownDirectory } from '../fixtures/own-directory.js';
import { openTestStore } from '../fixtures/store-opening.js';
import { runProgram, startProgram, testDirectory } from '../fixtures/program.js';
import { startForebay } from '../fixtures/running.js';
import { bytesOf, fresh, runOrigin } from '../fixtures/running-origin.js';

const ORIGIN = 'http://origin.invalid';
const NOBODY = 65534;

/** What an attacker leaves for whoever starts a cache there. */
function planted(t: Test, mode: number): string {
  const cacheDirectory = mkdtempSync(join(testDirectory(t), 'planted-'));
  writeFileSync(join(cacheDirectory, 'admin-token'), 'attackers-own-admin-token-000001\n');
  chmodSync(cacheDirectory, mode);
  return cacheDirectory;
}

t.test('a cache directory that others may write is refused at the start', async (t) => {
  for (const mode of [0o777, 0o1777, 0o770]) {
    const cacheDirectory = planted(t, mode);
    const { end, stderr } = await runProgram(t, { origin: ORIGIN, cacheDirectory });
    t.equal(end, 78);
    t.match(stderr, /is not to be trusted: others may write it/);
    t.ok(stderr.includes(`chmod go-w ${cacheDirectory}`), 'what to do');
    t.same(readdirSync(cacheDirectory), ['admin-token'], 'nothing was made in it');
  }
});

t.test('cache files of other owners are not trusted after a restart', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2) });
  const first = await startForebay(t, { origin });
  await first.get('/a');
  await first.holds(2);
  await first.stop();
  const { directory } = first;
  // As root files can be given away. Else: what others may write is no better than what they wrote.
  const disown = (path: string): void => {
    if (ownUid() === 0) chownSync(path, NOBODY, NOBODY);
    else chmodSync(path, 0o666);
  };
  for (const tree of ['manifests/v1', 'responses/v2']) {
    const shards = readdirSync(join(directory, tree));
    for (const shard of shards) {
      for (const name of readdirSync(join(directory, tree, shard))) {
        disown(join(directory, tree, shard, name));
      }
    }
  }
  const key = readFileSync(join(directory, 'hub-key'), 'utf8');
  disown(join(directory, 'hub-key'));
  disown(join(directory, 'admin-token'));
  const forebay = await startForebay(t, { origin, directory });
  const before = origin.bodyBytes;
  const got = await forebay.get('/a');
  t.match(got.headers['cache-status'], /fwd=uri-miss/);
  t.ok(got.body.equals(bytesOf(1, 2)));
  t.equal(origin.bodyBytes - before, bytesOf(1, 2).length);
  t.not(readFileSync(join(directory, 'hub-key'), 'utf8'), key);
  const refused = await fetch(`${forebay.adminUrl}/api/v1/purge`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readFileSync(join(directory, 'admin-token'), 'utf8').trim()}`,
      'content-type': 'application/json',
    },
    body: '{}',
  });
  t.equal(refused.status, 403);
});

t.test('a symlink in the place of a tree, a shard or the lock file is refused', async (t) => {
  const directory = join(ownDirectory(t), 'cache');
  for (const name of ['chunks', 'manifests/v1', 'responses/v2/ab', 'lock', 'forebay.json']) {
    const cache = `${directory}-${name.replaceAll('/', '-')}`;
    await (await openTestStore(t, { directory: cache })).close();
    const path = join(cache, name);
    const elsewhere = `${cache}-elsewhere`;
    if (existsSync(path)) renameSync(path, elsewhere);
    else mkdirSync(elsewhere);
    symlinkSync(elsewhere, path);
    await t.rejects(openTestStore(t, { directory: cache }), { name: 'StartupError', path }, name);
  }
});

t.test('a directory that replaces the cache directory at run time gets no files', async (t) => {
  const origin = await runOrigin(t, { '/a': fresh(1, 2), '/b': fresh(2, 2) });
  const cacheDirectory = join(testDirectory(t), 'replaced');
  const program = await startProgram(t, { origin: origin.url, cacheDirectory });
  await get(`${program.url}/a`);
  const moved = `${cacheDirectory}-moved`;
  renameSync(cacheDirectory, moved);
  mkdirSync(cacheDirectory);
  t.equal((await get(`${program.url}/b`)).status, 200);
  await program.metricReaches('forebay_cache_chunks', (chunks) => chunks === 2);
  t.same(readdirSync(cacheDirectory), []);
  t.ok(statSync(join(moved, 'chunks')).isDirectory());
  await program.stop();
  t.same(readdirSync(cacheDirectory), []);
});
