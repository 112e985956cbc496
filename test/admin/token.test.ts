import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bearerOf, loadToken } from '#src/admin/token.js';

t.test('a token is made once, for its owner alone', async (t) => {
  const path = join(t.testdir(), 'token');
  const made = loadToken(path);
  t.equal(statSync(path).mode & 0o777, 0o600);
  const found = loadToken(path);
  if (made.kind !== 'ready' || found.kind !== 'ready') throw new Error('no token');
  t.equal(found.warning, null);
  writeFileSync(path, '0123456789abcdef\n');
  chmodSync(path, 0o640);
  const open = loadToken(path);
  if (open.kind !== 'ready') throw new Error('no token');
  t.match(open.warning, /chmod 600/);
  t.ok(open.accepts('0123456789abcdef'));
  for (const wrong of ['', '0123456789abcde', '0123456789abcdef0', '0123456789abcdeF']) {
    t.notOk(open.accepts(wrong));
    t.notOk(made.accepts(wrong));
  }
});

t.test('where there is none, it is said why', async (t) => {
  const directory = t.testdir({ short: 'abc\n', folder: {} });
  t.match(loadToken(join(directory, 'short')), { kind: 'unavailable', why: /holds no token/ });
  t.match(loadToken(join(directory, 'folder')), { kind: 'unavailable', why: /EISDIR/ });
  t.match(loadToken(join(directory, 'missing', 'x')), { kind: 'unavailable', why: /ENOENT/ });
});

t.test('Authorization fields', async (t) => {
  t.equal(bearerOf('Bearer abc.def'), 'abc.def');
  t.equal(bearerOf('bearer  abc=='), 'abc==');
  for (const field of [undefined, '', 'Bearer', 'Basic abc', 'Bearer a b', 'Bearer é']) {
    t.equal(bearerOf(field), undefined);
  }
});
