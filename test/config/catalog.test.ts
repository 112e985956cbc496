import t from 'tap';
import { catalog, knownNames } from '#src/config/catalog.js';

t.test('each setting has its name in the file, environment and command line', async (t) => {
  const names = catalog.map(({ key, env, flag }) => [key, env, flag]);
  const has = (...expected: unknown[]) => {
    t.ok(
      names.some((entry) => JSON.stringify(entry) === JSON.stringify(expected)),
      String(expected),
    );
  };
  has('listen.address', 'FOREBAY_LISTEN_ADDRESS', '--listen');
  has('cache.directory', 'FOREBAY_CACHE_DIRECTORY', '--cache-dir');
  has('fill.firstByteTimeout', 'FOREBAY_FILL_FIRST_BYTE_TIMEOUT', null);
  has('origins[].url', 'FOREBAY_ORIGIN', '--origin');
  has('origins[].maxConnections', null, null);
  has('origins[].passMethods', null, '--pass-methods');
  has('origins[].digests[].digest', null, null);
});

t.test('no two settings share a name', async (t) => {
  for (const key of ['key', 'env', 'flag'] as const) {
    const names = catalog.flatMap((entry) => entry[key] ?? []);
    t.equal(new Set(names).size, names.length, key);
  }
});

t.test('knownNames lists the keys that a mapping may have', async (t) => {
  t.same(knownNames([]), ['listen', 'admin', 'cache', 'fill', 'origins', 'hub', 'log', 'tracing']);
  t.same(knownNames(['admin']), ['address', 'enabled', 'tokenFile']);
  t.ok(knownNames(['origins', 3])?.includes('redirectHosts'));
  t.same(knownNames(['origins', 0, 'digests', 1]), ['pattern', 'digest']);
  t.equal(knownNames(['origins', 0, 'headers']), undefined);
});
