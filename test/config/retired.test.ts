import t from 'tap';
import { catalog } from '#src/config/catalog.js';
import { loadConfig } from '#src/config/load.js';
import { insteadOf } from '#src/config/retired.js';

const load = (text: string, env: Record<string, string> = {}): unknown =>
  loadConfig({
    flags: { '--config': '/f.yaml' },
    env: { HOME: '/home', ...env },
    readText: () => text,
  });

t.test('a setting of an older version is refused by name, with what took its place', (t) => {
  for (const name of ['maxManifests', 'maxResponses']) {
    t.throws(() => load(`cache: {${name}: 1000}\n`), {
      message: new RegExp(
        `cache\\.${name}: found a setting of an older version, expected .cache\\.metadataCapacity`,
      ),
    });
  }
  for (const name of ['FOREBAY_CACHE_MAX_MANIFESTS', 'FOREBAY_CACHE_MAX_RESPONSES']) {
    t.throws(() => load('', { [name]: '1000' }), {
      message: /found a setting of an older version, expected .cache\.metadataCapacity/,
    });
  }
  t.end();
});

t.test('no retired setting exists, and each replacement does', (t) => {
  const keys = catalog.map(({ key }) => key);
  for (const key of ['cache.maxManifests', 'cache.maxResponses']) {
    t.notOk(keys.includes(key));
    const named = /`([\w.]+)`/.exec(insteadOf(key) ?? '')?.[1] ?? '';
    t.ok(keys.includes(named), named);
  }
  t.equal(insteadOf('cache.capacity'), undefined);
  t.end();
});
