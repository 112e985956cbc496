import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CacheKey, isFieldTag, loadKey } from '#src/store/directory/cache-key.js';
import { Ownership } from '#src/store/directory/ownership.js';

const own = new Ownership();
const keyOf = (path: string): string => readFileSync(path, 'utf8').trim();
const same = (a: CacheKey, b: CacheKey): boolean => a.tag('field', 'x') === b.tag('field', 'x');

t.test('tags differ by text, purpose and key, and reveal nothing else', (t) => {
  const key = new CacheKey(Buffer.alloc(32, 7));
  const tags = [
    key.tag('field', 'secret'),
    key.tag('credential', 'secret'),
    key.tag('field', 'secreT'),
    new CacheKey(Buffer.alloc(32, 8)).tag('field', 'secret'),
  ];
  t.equal(new Set(tags).size, tags.length);
  for (const tag of tags) t.match(tag, /^[0-9a-f]{64}$/);
  t.equal(key.tag('field', 'secret'), tags[0]);
  t.not(key.fieldTag('cookie', 'a'), key.fieldTag('authorization', 'a'));
  t.ok(isFieldTag(key.fieldTag('cookie', 'a')));
  for (const value of ['', 'a', 'f'.repeat(64), 'hmac:a']) t.notOk(isFieldTag(value));
  t.end();
});

t.test('a sealed text can be neither read nor made without the key', (t) => {
  const key = CacheKey.random();
  const sealed = key.seal('cursor', 'https://origin.example/a?signature=SECRET');
  t.equal(key.unseal('cursor', sealed), 'https://origin.example/a?signature=SECRET');
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), /SECRET|origin/);
  t.equal(CacheKey.random().unseal('cursor', sealed), undefined);
  t.equal(key.unseal('field', sealed), undefined);
  for (const other of ['', 'AAAA', `${sealed}AAAA`, sealed.slice(0, -8), sealed.slice(8)]) {
    t.equal(key.unseal('cursor', other), undefined, other);
  }
  t.end();
});

t.test('the key lasts, and only its owner may read it', (t) => {
  const path = join(t.testdir(), 'hub-key');
  const key = loadKey(path, own);
  t.ok(same(loadKey(path, own), key));
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.match(keyOf(path), /^[0-9a-f]{64}$/);
  t.notOk(same(loadKey(join(path, 'no', 'directory'), own), key), 'one for the process');
  t.end();
});

t.test('an invalid key file is replaced by a whole key', (t) => {
  const path = join(t.testdir({ 'hub-key': 'torn', 'hub-key.new': 'left behind' }), 'hub-key');
  const key = loadKey(path, own);
  t.match(keyOf(path), /^[0-9a-f]{64}$/);
  t.notOk(existsSync(`${path}.new`));
  t.ok(same(loadKey(path, own), key));
  t.end();
});

t.test('a key file that others could read is replaced', (t) => {
  const planted = '07'.repeat(32);
  const directory = t.testdir({ 'hub-key': `${planted}\n`, elsewhere: `${planted}\n` });
  const path = join(directory, 'hub-key');
  loadKey(path, new Ownership(statSync(path).uid + 1));
  t.not(keyOf(path), planted);
  const link = join(directory, 'link');
  symlinkSync(join(directory, 'elsewhere'), link);
  loadKey(link, own);
  t.not(keyOf(link), planted);
  t.equal(keyOf(join(directory, 'elsewhere')), planted);
  t.end();
});
