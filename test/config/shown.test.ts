import fc from 'fast-check';
import t from 'tap';
import { stringify } from 'yaml';
import { loadConfig, type LoadInput, loadWithSources } from '#src/config/load.js';
import { formatKey, formatSource } from '#src/config/problem.js';
import { nested, shownSettings } from '#src/config/shown.js';

type Parts = Partial<Pick<LoadInput, 'flags' | 'env'>> & {
  readonly files?: Record<string, string>;
};

function input({ flags = {}, env = {}, files = {} }: Parts): LoadInput {
  return {
    flags: files['f.yaml'] === undefined ? flags : { '--config': 'f.yaml', ...flags },
    env,
    homeDirectory: () => '/user',
    readText: (path) => files[path] ?? '',
  };
}

const FULL = `
cache: {directory: /c, capacity: 10GB, serveThroughMemory: 100000001, chunkSize: 16MiB}
listen: {address: "[::1]:1", headersTimeout: 1500ms, requestTimeout: 1h}
admin: {enabled: false}
origins:
  - url: http://a/
    mount: /a
    redirectHosts: [CDN.example.org, "*.b.example.org"]
    pinned: [/x/**]
    digests: [{pattern: /x, digest: "SHA256:${'Aa'.repeat(32)}"}]
  - {url: http://b, mount: /b, name: other, integrity: strict}
`;

t.test('the shown settings load again as the same configuration', async (t) => {
  for (const parts of [{}, { files: { 'f.yaml': FULL } }, { flags: { '--origin': 'http://c' } }]) {
    const loaded = loadWithSources(input(parts));
    const text = stringify(nested(shownSettings(loaded)));
    const again = loadConfig(input({ files: { 'f.yaml': text } }));
    t.same(again, loaded.config, text);
  }
});

t.test('property: each shown size and duration reads back equal', async () => {
  const size = fc.oneof(
    fc.integer({ min: 2 ** 28, max: 2 ** 50 }),
    fc.integer({ min: 1, max: 1000 }).map((gib) => gib * 2 ** 30),
  );
  fc.assert(
    fc.property(size, fc.integer({ min: 1, max: 3_600_000 }), (bytes, ms) => {
      const env = {
        FOREBAY_CACHE_CAPACITY: String(bytes),
        FOREBAY_FILL_RETRY_AFTER_CAP: `${String(ms)}ms`,
      };
      const loaded = loadWithSources(input({ env }));
      const text = stringify(nested(shownSettings(loaded)));
      const { cache, fill } = loadConfig(input({ files: { 'f.yaml': text } }));
      return cache.capacityBytes === bytes && fill.retryAfterCapMs === ms;
    }),
  );
});

t.test('secrets are hidden, and the files that hold them are shown', async (t) => {
  const files = {
    'f.yaml': 'origins: [{url: http://a, headers: {X-Key: hush, Authorization: {file: /s/t}}}]',
    '/s/t': 'Bearer hush\n',
  };
  const loaded = loadWithSources(input({ files }));
  t.match(loaded.config.origins[0]?.headers, { 'x-key': 'hush', authorization: 'Bearer hush' });
  const shown = nested(shownSettings(loaded));
  t.notMatch(JSON.stringify(shown), /hush/);
  t.match(shown, {
    origins: [{ headers: { 'x-key': '[redacted]', authorization: { file: '/s/t' } } }],
  });
});

t.test('each value is shown with its source', async (t) => {
  const file = 'cache:\n  capacity: 10GiB\n  directory: /file\norigins:\n  - url: http://a\n';
  const places = (parts: Parts): Record<string, string> =>
    Object.fromEntries(
      shownSettings(loadWithSources(input(parts))).map(({ path, source }) => [
        formatKey(path),
        formatSource(source),
      ]),
    );
  const files = { 'f.yaml': file };
  t.match(places({ files, env: { FOREBAY_CACHE_DIRECTORY: '/env' } }), {
    'cache.capacity': 'f.yaml:2:3',
    'cache.directory': 'FOREBAY_CACHE_DIRECTORY',
    'cache.chunkSize': 'default',
    'fill.threads': 'default',
    'origins[0].url': 'f.yaml:5:5',
    'origins[0].mount': 'default',
  });
  t.match(places({ files, flags: { '--origin': 'http://b', '--capacity': '1GiB' } }), {
    'cache.capacity': '--capacity',
    'origins[0].url': '--origin',
    'origins[0].name': 'default',
  });
  t.match(places({}), { 'cache.directory': 'default', 'origins[0].url': 'default' });
});
