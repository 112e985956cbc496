import { chmodSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bearerOf, loadToken, namedTokenFile, type TokenFile } from '#src/admin/token.js';
import { Ownership } from '#src/store/directory/ownership.js';

const inCache = (path: string): TokenFile => ({ path, shown: path, own: new Ownership() });

t.test('a token file is created once, readable by its owner alone', async (t) => {
  const path = join(t.testdir(), 'token');
  const made = loadToken(inCache(path));
  t.equal(statSync(path).mode & 0o777, 0o600);
  const found = loadToken(inCache(path));
  if (made.kind !== 'ready' || found.kind !== 'ready') throw new Error('no token');
  t.equal(found.warning, null);
  writeFileSync(path, '0123456789abcdef\n');
  chmodSync(path, 0o640);
  const open = loadToken(inCache(path));
  if (open.kind !== 'ready') throw new Error('no token');
  t.match(open.warning, /chmod 600/);
  t.ok(open.accepts('0123456789abcdef'));
  for (const wrong of ['', '0123456789abcde', '0123456789abcdef0', '0123456789abcdeF']) {
    t.notOk(open.accepts(wrong));
    t.notOk(made.accepts(wrong));
  }
});

t.test('a missing token is reported with its reason', async (t) => {
  const directory = t.testdir({ short: 'abc\n', folder: {} });
  t.match(loadToken(inCache(join(directory, 'short'))), {
    kind: 'unavailable',
    why: /holds no token/,
  });
  t.match(loadToken(inCache(join(directory, 'folder'))), {
    kind: 'unavailable',
    why: /not a regular file/,
  });
  t.match(loadToken(inCache(join(directory, 'missing', 'x'))), {
    kind: 'unavailable',
    why: /ENOENT/,
  });
});

t.test('bearerOf returns the token of a Bearer field and undefined of any other', async (t) => {
  t.equal(bearerOf('Bearer abc.def'), 'abc.def');
  t.equal(bearerOf('bearer  abc=='), 'abc==');
  for (const field of [undefined, '', 'Bearer', 'Basic abc', 'Bearer a b', 'Bearer é']) {
    t.equal(bearerOf(field), undefined);
  }
});

t.test('a token file of another owner, or writable by others, is not read', (t) => {
  const directory = t.testdir({ token: '0123456789abcdef\n' });
  const path = join(directory, 'token');
  const others = new Ownership(statSync(path).uid + 1);
  t.match(loadToken({ path, shown: '/cache/token', own: others }), {
    kind: 'unavailable',
    why: /\/cache\/token: it belongs to user/,
  });
  chmodSync(path, 0o622);
  t.match(loadToken(inCache(path)), { kind: 'unavailable', why: /others may write it/ });
  t.match(loadToken(namedTokenFile(path)), { kind: 'unavailable', why: /others may write it/ });
  t.end();
});

t.test('a symlink is followed only at the path that the operator configured', (t) => {
  const directory = t.testdir({ secret: '0123456789abcdef\n' });
  chmodSync(join(directory, 'secret'), 0o600);
  const link = join(directory, 'token');
  symlinkSync(join(directory, 'secret'), link);
  t.match(loadToken(inCache(link)), { kind: 'unavailable', why: /ELOOP/ });
  t.match(loadToken(namedTokenFile(link)), { kind: 'ready', warning: null });
  t.end();
});
