/** Paths that lead elsewhere once somebody decodes or resolves them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startAttacked } from '../fixtures/attack.js';
import { FRESH } from '../fixtures/running-origin.js';

const AMBIGUOUS = [
  '/../hit',
  '/x/../hit',
  '/./hit',
  '/x/..',
  '/%2e%2e/hit',
  '/.%2E/hit',
  '/..%2fhit',
  '/x%2f..%2fhit',
  '/..%5chit',
  '/%252e%252e/hit',
  '/%252e%252e%252fhit',
  '/hit%00',
  '/hit%00.json',
  '/hit%2500',
  '/%c0%ae%c0%ae/hit',
  '/%c0%af',
  '/%e0%80%af',
  '/hit%',
  '/hit%2',
  '/hit%zz',
  '/\xc0\xaf',
  '/..;/hit',
  '/x/..;a=b/hit',
  '/..%255chit',
];
const MALFORMED = ['*', 'hit', '/hit#x', '/a\\..\\hit', '/a\x7f', '/\xe9\x7f'];

t.test('an ambiguous path is refused without an origin request', async (t) => {
  const { origin, ask } = await startAttacked(t);
  for (const path of AMBIGUOUS) {
    t.match(await ask(path), { status: 400, code: 'ambiguous-path' }, path);
  }
  for (const path of MALFORMED) t.match(await ask(path), { status: 400, kept: false }, path);
  t.equal(origin.requests.length, 1, 'the hit was fetched, nothing else');
});

t.test('percent-encoded paths reach the origin unchanged', async (t) => {
  const paths = [
    '/refs%2Fpr%2F1/x',
    '/a%20b',
    '/%7Ea',
    '/a;b=c',
    '/a?x=../../etc/passwd&%2e%2e',
    '/%ff',
    '/a%252Fb',
    '/a%255Cb',
    '//other/hit',
    '/a//b',
  ];
  const objects = Object.fromEntries(
    paths.map((path) => [path, { bytes: Buffer.from(path), cacheControl: FRESH }]),
  );
  const { ask } = await startAttacked(t, objects);
  for (const path of paths) {
    const { status, body } = await ask(path);
    t.same([status, body.toString()], [200, path]);
  }
});

t.test('every path maps to a file name that is a digest', async (t) => {
  const names = ['/..a', '/a..', '/etc%2Fpasswd', `/${'x'.repeat(5000)}`, '/con', '/a:b', '/...'];
  const objects = Object.fromEntries(
    names.map((path) => [path, { bytes: Buffer.from(path), cacheControl: FRESH }]),
  );
  const { forebay, ask } = await startAttacked(t, objects);
  for (const path of names) t.equal((await ask(path)).status, 200, path.slice(0, 20));
  await forebay.holds(names.length + 1);
  const files = ['chunks/v1', 'manifests/v1', 'responses/v2'].flatMap((tree) =>
    readdirSync(join(forebay.directory, tree), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name),
  );
  t.ok(files.length >= names.length);
  t.same(
    files.filter((name) => !/^[0-9a-f]{64}$/.test(name)),
    [],
  );
});

t.test('spellings that RFC 3986 calls equivalent share an object, others do not', async (t) => {
  const others = ['/%2Bhit', '/+hit', '/+hit/', '//+hit', '/%2bhit/x', '/+hit%2Fx', '/+hit/x'];
  const { origin, ask } = await startAttacked(
    t,
    Object.fromEntries(
      others.map((path) => [path, { bytes: Buffer.from(path), cacheControl: FRESH }]),
    ),
  );
  t.equal((await ask('/%68%69%74')).body.toString(), 'what is stored');
  for (const path of others) t.equal((await ask(path)).body.toString(), path);
  t.same(
    origin.requests.map(({ path }) => path),
    ['/hit', ...others],
  );
});

t.test('bytes above 0x7f in a target reach the origin escaped, once', async (t) => {
  const objects = { '/caf%E9': 'Latin-1', '/%E6%A8%A1?q=%E5%9E%8B': 'UTF-8' };
  const { origin, ask, send } = await startAttacked(
    t,
    Object.fromEntries(
      Object.entries(objects).map(([path, text]) => [
        path,
        { bytes: Buffer.from(text), cacheControl: FRESH },
      ]),
    ),
  );
  const utf8 = Buffer.from('/模?q=型').toString('latin1');
  for (const times of [1, 2]) {
    t.equal((await ask('/caf\xe9')).body.toString(), 'Latin-1', String(times));
    t.equal((await ask(utf8)).body.toString(), 'UTF-8', String(times));
    t.equal((await ask(`http://h${utf8}`)).body.toString(), 'UTF-8', 'in absolute-form');
    t.equal((await ask('/%E6%A8%A1?q=%E5%9E%8B')).body.toString(), 'UTF-8');
  }
  t.same(
    origin.requests.map(({ path }) => path),
    ['/hit', ...Object.keys(objects)],
  );
  for (const text of [
    'GET /a\xe9 b HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET /a\xe9\r\n\r\n',
    'PATCH /a\xe9 HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET \xe9 HTTP/1.1\r\nHost: h\r\n\r\n',
  ]) {
    const { status, kept } = await send(text);
    t.ok(status === 400 || status === 505, JSON.stringify(text));
    t.equal(kept, false);
  }
});
