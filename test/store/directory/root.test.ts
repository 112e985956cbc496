import {
  chmodSync,
  closeSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Ownership, ownUid } from '#src/store/directory/ownership.js';
import { openRoot } from '#src/store/directory/root.js';

const ours = new Ownership();

function opened(t: Test, path: string, own = ours): string {
  const { fd, base } = openRoot(path, own);
  t.teardown(() => {
    closeSync(fd);
  });
  return base;
}

t.test('a missing root is created for its owner alone, with its parents', (t) => {
  const path = join(t.testdir({}), 'new', 'cache');
  const base = opened(t, path);
  t.equal(statSync(path).mode & 0o777, 0o700);
  t.equal(statSync(base).ino, statSync(path).ino);
  t.end();
});

t.test('an open root stays the same directory when another comes to its path', (t) => {
  const parent = t.testdir({});
  const path = join(parent, 'cache');
  const base = opened(t, path);
  renameSync(path, join(parent, 'moved'));
  mkdirSync(path);
  writeFileSync(join(base, 'file'), '');
  t.same(readdirSync(path), []);
  t.same(readdirSync(join(parent, 'moved')), ['file']);
  t.end();
});

t.test('a root of another user is refused, whatever its mode', (t) => {
  const path = join(t.testdir({ cache: {} }), 'cache');
  chmodSync(path, 0o700);
  t.throws(() => openRoot(path, new Ownership(ownUid() + 1)), {
    code: 'cache-untrusted',
    message: /belongs to user .*`chown -R`/,
  });
  t.end();
});

t.test('a root that others may write is refused with advice, and left unchanged', (t) => {
  const path = join(t.testdir({ cache: { 'admin-token': 'planted' } }), 'cache');
  for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
    chmodSync(path, mode);
    t.throws(() => openRoot(path, ours), {
      code: 'cache-untrusted',
      path,
      message: /others may write it \(mode 7\d\d\).*`chmod go-w /,
    });
    t.equal(statSync(path).mode & 0o1777, mode);
  }
  chmodSync(path, 0o755);
  opened(t, path);
  t.end();
});

t.test('an empty root that others may write is taken and narrowed', (t) => {
  const path = join(t.testdir({ cache: {} }), 'cache');
  chmodSync(path, 0o775);
  opened(t, path);
  t.equal(statSync(path).mode & 0o777, 0o700);
  t.end();
});

t.test('an own symlink on the path is followed', (t) => {
  const parent = t.testdir({ disk: {} });
  symlinkSync(join(parent, 'disk'), join(parent, 'link'));
  opened(t, join(parent, 'link', 'cache'));
  t.ok(statSync(join(parent, 'disk', 'cache')).isDirectory());
  symlinkSync(join(parent, 'disk', 'cache'), join(parent, 'direct'));
  opened(t, join(parent, 'direct'));
  t.end();
});

t.test("another user's symlink is not followed", (t) => {
  const parent = t.testdir({ private: { inner: {} } });
  symlinkSync(join(parent, 'private'), join(parent, 'theirs'));
  symlinkSync(join(parent, 'theirs', 'inner'), join(parent, 'ours'));
  const isRoot = ownUid() === 0;
  // As root a link can be given away; as anyone else, all of them are somebody else's to another
  // user.
  if (isRoot) lchownSync(join(parent, 'theirs'), 65534, 65534);
  const own = isRoot ? ours : new Ownership(ownUid() + 1);
  for (const way of ['theirs', 'theirs/inner', 'theirs/new', 'ours']) {
    t.throws(() => openRoot(join(parent, way), own), {
      code: 'cache-untrusted',
      message: /symbolic link of user/,
    });
  }
  t.end();
});

/** Makes a foreign symlink for `own` at `path`: as root by giving it away, else by another user. */
function foreignLink(target: string, path: string): Ownership {
  symlinkSync(target, path);
  if (ownUid() !== 0) return new Ownership(ownUid() + 1);
  lchownSync(path, 65534, 65534);
  return ours;
}

t.test("another user's symlink is found behind `..` of a symlink's target", (t) => {
  const parent = t.testdir({ disk: { inner: {} }, private: { cache: {} }, theirs: {} });
  const own = foreignLink(join(parent, 'private'), join(parent, 'disk', 'theirs'));
  symlinkSync(join(parent, 'disk', 'inner'), join(parent, 'link'));
  // From the real directory: disk/theirs, and not theirs beside link.
  symlinkSync('../theirs', join(parent, 'disk', 'inner', 'way'));
  t.throws(() => openRoot(join(parent, 'link', 'way', 'cache'), own), { code: 'cache-untrusted' });
  t.end();
});

t.test("another user's symlink is found behind many symlinks, and too many are an error", (t) => {
  const parent = t.testdir({ private: { cache: {} }, cache: {} });
  symlinkSync('.', join(parent, 'here'));
  const own = foreignLink(join(parent, 'private'), join(parent, 'theirs'));
  symlinkSync('theirs', join(parent, 'ours'));
  const nested = (count: number): string => join(parent, ...Array<string>(count).fill('here'));
  t.throws(() => openRoot(join(nested(12), 'ours', 'cache'), own), { code: 'cache-untrusted' });
  if (own === ours) t.throws(() => openRoot(join(nested(41), 'cache'), own), /ELOOP/);
  t.end();
});
