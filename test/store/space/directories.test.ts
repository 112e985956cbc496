import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Directories, MAX_NAME_COST } from '#src/store/space/directories.js';
import { Layout } from '#src/store/directory/layout.js';
import { directoryCost, Ledger, Reservation } from '#src/store/space/ledger.js';

const ID = 'ab'.padEnd(64, '0');

function setUp(t: Test) {
  const layout = new Layout(t.testdir({}));
  const ledger = new Ledger(1e9);
  ledger.charge('drafts', 1e6);
  return {
    layout,
    ledger,
    directories: new Directories(layout, ledger),
    reservation: new Reservation(ledger, 1e6),
  };
}

t.test('a shard directory is created once, for its owner alone', async (t) => {
  const { directories, layout } = setUp(t);
  await Promise.all([directories.ensure('chunks', ID), directories.ensure('chunks', ID)]);
  t.equal(statSync(layout.shard('chunks', 'ab')).mode & 0o777, 0o700);
});

t.test('a deleted shard directory is created again', async (t) => {
  const { directories, layout } = setUp(t);
  await directories.ensure('chunks', ID);
  rmSync(layout.tree('chunks'), { recursive: true });
  directories.lost('chunks', ID);
  await directories.ensure('chunks', ID);
  t.ok(statSync(layout.shard('chunks', 'ab')).isDirectory());
});

t.test('a failed creation is not remembered', async (t) => {
  const { directories, layout } = setUp(t);
  writeFileSync(join(layout.root, 'chunks'), 'in the way');
  await t.rejects(directories.ensure('chunks', ID), { code: 'ENOTDIR' });
  rmSync(join(layout.root, 'chunks'));
  await directories.ensure('chunks', ID);
});

t.test('a directory is charged for the most names it had: it does not shrink', (t) => {
  const { directories, ledger, reservation } = setUp(t);
  directories.added('chunks', ID, reservation);
  t.equal(ledger.balance('directories'), MAX_NAME_COST);
  for (let name = 1; name < 1000; name += 1) directories.added('chunks', ID, reservation);
  t.equal(ledger.balance('directories'), directoryCost(1000));
  for (let name = 0; name < 1000; name += 1) directories.removed('chunks', ID);
  directories.added('chunks', ID, reservation);
  t.equal(ledger.balance('directories'), directoryCost(1000));
  directories.added('manifests', ID, reservation);
  t.equal(ledger.balance('directories'), directoryCost(1000) + directoryCost(1));
  t.end();
});

t.test('a shard found at the start is charged by names or size, whichever is more', (t) => {
  const { directories, layout, ledger, reservation } = setUp(t);
  mkdirSync(layout.shard('chunks', 'ab'), { recursive: true });
  directories.found('chunks', 'ab', 500);
  t.equal(ledger.balance('directories'), directoryCost(500));
  directories.added('chunks', ID, reservation);
  t.ok(ledger.balance('directories') >= directoryCost(501));
  t.end();
});

t.test('an entry is charged at least its own size', async (t) => {
  const { directories, layout, ledger, reservation } = setUp(t);
  await directories.ensure('chunks', ID);
  const shard = layout.shard('chunks', 'ab');
  for (let name = 0; name < 400; name += 1) {
    writeFileSync(join(shard, `ab${String(name).padStart(62, '0')}`), '');
    directories.added('chunks', ID, reservation);
    if (statSync(shard).blocks * 512 > ledger.balance('directories')) {
      t.fail(`${String(name)} names take ${String(statSync(shard).blocks * 512)} bytes`);
    }
  }
});
