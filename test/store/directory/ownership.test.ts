import { chmodSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NotOursError, Ownership, ownUid } from '#src/store/directory/ownership.js';

const ours = new Ownership();
const anothers = new Ownership(ownUid() + 1);

t.test('a file of the own user is read, a symlink to one is not', async (t) => {
  const directory = t.testdir({ file: 'content', folder: {} });
  const file = join(directory, 'file');
  t.equal(ours.readSync(file).toString(), 'content');
  t.equal((await ours.read(file)).toString(), 'content');
  symlinkSync(file, join(directory, 'link'));
  for (const [name, code] of [
    ['link', 'ELOOP'],
    ['none', 'ENOENT'],
    ['folder', 'EPERM'],
  ] as const) {
    t.throws(() => ours.readSync(join(directory, name)), { code });
    await t.rejects(ours.read(join(directory, name)), { code });
  }
});

t.test('a file of another user, or one that others may write, is not read', async (t) => {
  const file = join(t.testdir({ file: 'content' }), 'file');
  t.throws(() => anothers.readSync(file), NotOursError);
  await t.rejects(anothers.read(file), { code: 'EPERM', why: /belongs to user/ });
  for (const mode of [0o620, 0o602, 0o666]) {
    chmodSync(file, mode);
    t.throws(() => ours.readSync(file), { message: /others may write it/ });
  }
  chmodSync(file, 0o644);
  t.equal(ours.readSync(file).toString(), 'content', 'who may read it does not matter');
});

t.test('an own directory is narrowed, any other one refused', (t) => {
  const directory = join(t.testdir({}), 'shard');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  t.throws(() => anothers.takeDirectory(directory), NotOursError);
  t.equal(statSync(directory).mode & 0o777, 0o777, 'as it was');
  ours.takeDirectory(directory);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  symlinkSync(directory, `${directory}-link`);
  t.throws(() => ours.takeDirectory(`${directory}-link`), { code: 'ENOTDIR' });
  t.end();
});
