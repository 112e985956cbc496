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
  '/%ff',
  '/hit%',
  '/hit%2',
  '/hit%zz',
  '//other/hit',
];
const MALFORMED = ['*', 'hit', '/hit#x', '/a\\..\\hit', '/\xe9', '/a\x7f'];

t.test('what can be read in two ways is refused, and the origin is not asked', async (t) => {
  const { origin, ask } = await startAttacked(t);
  for (const path of AMBIGUOUS) {
    t.match(await ask(path), { status: 400, code: 'ambiguous-path' }, path);
  }
  for (const path of MALFORMED) t.match(await ask(path), { status: 400, kept: false }, path);
  t.equal(origin.requests.length, 1, 'the hit was fetched, nothing else');
});

t.test('what is kept in encoded form reaches the origin as it came', async (t) => {
  const paths = ['/refs%2Fpr%2F1/x', '/a%20b', '/%7Ea', '/a;b=c', '/a?x=../../etc/passwd&%2e%2e'];
  const objects = Object.fromEntries(
    paths.map((path) => [path, { bytes: Buffer.from(path), cacheControl: FRESH }]),
  );
  const { ask } = await startAttacked(t, objects);
  for (const path of paths) {
    const { status, body } = await ask(path);
    t.same([status, body.toString()], [200, path]);
  }
});

t.test('whatever the path, file names are digests', async (t) => {
  const names = ['/..a', '/a..', '/etc%2Fpasswd', `/${'x'.repeat(5000)}`, '/con', '/a:b', '/...'];
  const objects = Object.fromEntries(
    names.map((path) => [path, { bytes: Buffer.from(path), cacheControl: FRESH }]),
  );
  const { forebay, ask } = await startAttacked(t, objects);
  for (const path of names) t.equal((await ask(path)).status, 200, path.slice(0, 20));
  await forebay.holds(names.length + 1);
  const files = ['chunks', 'manifests', 'responses'].flatMap((tree) =>
    readdirSync(join(forebay.directory, tree, 'v1'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name),
  );
  t.ok(files.length >= names.length);
  t.same(
    files.filter((name) => !/^[0-9a-f]{64}$/.test(name)),
    [],
  );
});

t.test('an encoded path is no other path: keys are not decoded', async (t) => {
  const { origin, ask } = await startAttacked(t, {
    '/%68it': { bytes: Buffer.from('another'), cacheControl: FRESH },
  });
  t.equal((await ask('/%68it')).body.toString(), 'another');
  t.same(
    origin.requests.map(({ path }) => path),
    ['/hit', '/%68it'],
  );
});
