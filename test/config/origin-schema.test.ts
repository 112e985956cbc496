import t from 'tap';
import { originSchema } from '#src/config/origin-schema.js';

const url = 'https://models.example.org/weights';

t.test('an origin with only a URL gets every default', async (t) => {
  t.same(originSchema.parse({ url }), {
    cors: [],
    name: 'models.example.org',
    mount: '/',
    url,
    adapter: 'http',
    maxConnections: 32,
    redirectHosts: [],
    allowPrivateRedirects: false,
    passMethods: false,
    headers: {},
    integrity: 'default',
    digests: [],
    pinned: [],
  });
});

t.test("an origin's name comes from its host and mount, and must be a valid name", async (t) => {
  const name = (origin: object) => originSchema.parse(origin).name;
  t.equal(name({ url: 'http://127.0.0.1:9000' }), '127.0.0.1-9000');
  t.equal(name({ url: 'http://[::1]:9000' }), '1-9000');
  t.equal(name({ url, mount: '/A/b_c' }), 'models.example.org-a-b_c');
  t.equal(name({ url, name: 'mine' }), 'mine');
  t.equal(name({ url: `http://${'a.'.repeat(100)}b` }).length <= 64, true);
});

t.test("header names are lower-cased; Forebay's own names and line ends are refused", async (t) => {
  t.same(originSchema.parse({ url, headers: { 'X-Key': 'a b' } }).headers, { 'x-key': 'a b' });
  for (const headers of [
    { Host: 'x' },
    { range: 'bytes=0-1' },
    { 'Transfer-Encoding': 'chunked' },
    { 'proxy-authorization': 'x' },
    { 'a b': 'x' },
    { 'a:': 'x' },
    { '': 'x' },
    { ok: 'a\r\nb: c' },
    { ok: 'a\0' },
    { ok: '☃' },
    { ok: 5 },
    { ok: { file: 5 } },
    ['x'],
    'x',
  ]) {
    t.notOk(originSchema.safeParse({ url, headers }).success, JSON.stringify(headers));
  }
});

t.test('digests need a pattern and a known digest', async (t) => {
  const hex = '0'.repeat(64);
  const pin = { pattern: '/a/**', digest: `blake3:${hex}` };
  t.same(originSchema.parse({ url, digests: [pin] }).digests, [
    { pattern: '/a/**', digest: { algorithm: 'blake3', hex } },
  ]);
  for (const bad of [{}, { ...pin, digest: hex }, { ...pin, pattern: 'a' }, { ...pin, x: 1 }]) {
    t.notOk(originSchema.safeParse({ url, digests: [bad] }).success, JSON.stringify(bad));
  }
});
