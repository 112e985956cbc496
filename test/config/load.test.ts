import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { defaultCacheDirectory, loadConfig, type LoadInput } from '#src/config/load.js';
import { ConfigError } from '#src/config/problem.js';

type Parts = Partial<Pick<LoadInput, 'flags' | 'env'>> & { readonly file?: string };

/** Loads with a file that exists only as text. */
function load({ flags = {}, env = {}, file }: Parts) {
  return loadConfig({
    flags: file === undefined ? flags : { '--config': 'f.yaml', ...flags },
    env,
    homeDirectory: () => '/user',
    readText: (path) => {
      if (path === 'f.yaml' && file !== undefined) return file;
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    },
  });
}

function problemsOf(parts: Parts): readonly string[] {
  try {
    load(parts);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

t.test('the defaults are a complete configuration', async (t) => {
  const config = load({});
  t.equal(config.cache.directory, '/user/.cache/forebay');
  t.equal(config.cache.capacityBytes, 'auto');
  t.equal(config.cache.chunkSizeBytes, 8 * 2 ** 20);
  t.same(config.listen.address, { host: '127.0.0.1', port: 7080 });
  t.equal(config.fill.firstByteTimeoutMs, 8000);
  t.match(config.origins, [
    { name: 'huggingface', adapter: 'huggingface', mount: '/', url: 'https://huggingface.co' },
  ]);
});

t.test('flags override the environment, which overrides the file and the defaults', async (t) => {
  const file = 'cache: {capacity: 1GiB, chunkSize: 2MiB, directory: /file}\nfill: {threads: 3}\n';
  const env = { FOREBAY_CACHE_CHUNK_SIZE: '4MiB', FOREBAY_CACHE_DIRECTORY: '/env' };
  const flags = { '--cache-dir': '/flag' };
  const { cache, fill } = load({ file, env, flags });
  t.match(cache, { capacityBytes: 2 ** 30, chunkSizeBytes: 2 ** 22, directory: '/flag' });
  t.match(fill, { threads: 3, connectionsPerThread: 16 });
});

t.test('an --origin flag replaces the origins of the file by one', async (t) => {
  const file = 'origins: [{url: "http://a", mount: /a}, {url: "http://b", mount: /b}]';
  t.match(load({ file, flags: { '--origin': 'http://127.0.0.1:9000/x/' } }).origins, [
    { name: '127.0.0.1-9000', mount: '/', url: 'http://127.0.0.1:9000/x' },
  ]);
  t.equal(load({ env: { FOREBAY_ORIGIN: 'http://c' } }).origins[0]?.name, 'c');
  t.match(load({ file }).origins, [{ name: 'a-a' }, { name: 'b-b' }]);
});

t.test('a flag of one origin applies to the origin that a flag or variable sets', async (t) => {
  const flags = { '--pass-methods': 'true' };
  t.match(load({ flags: { ...flags, '--origin': 'http://c' } }).origins, [{ passMethods: true }]);
  t.match(load({ flags, env: { FOREBAY_ORIGIN: 'http://c' } }).origins, [{ passMethods: true }]);
  t.match(load({ env: { FOREBAY_ORIGIN: 'http://c' } }).origins, [{ passMethods: false }]);
  const file = 'origins: [{url: "http://a", mount: /a}, {url: "http://b", mount: /b}]';
  for (const parts of [{ flags }, { flags, file }]) {
    t.match(
      problemsOf(parts).at(-1),
      /--pass-methods: found no origin that it applies to, expected --origin/,
    );
  }
  t.match(
    problemsOf({ flags: { '--pass-methods': 'maybe', '--origin': 'http://c' } }).at(-1),
    /found "maybe", expected true or false/,
  );
});

t.test('relative directories are resolved against the working directory', async (t) => {
  t.equal(load({ flags: { '--cache-dir': 'x/y' } }).cache.directory, join(process.cwd(), 'x/y'));
});

t.test('every error is reported at once, each with its place', async (t) => {
  const file = [
    'cahce: {}',
    'cache:',
    '  capcity: 10GiB',
    '  chunkSize: 3MiB',
    'listen:',
    '  headersTimeout: 40s',
    'origins:',
    '  - url: http://a',
    '    mount: models',
    '  - url: ftp://user:secret@b',
    '    headers: {Host: x, good: "se\\ncret"}',
    '  - {}',
    'log: 5',
  ].join('\n');
  const env = { FOREBAY_FILL_THREADS: 'many', FOREBAY_LISTEN_MAX_CONECTIONS: '1' };
  const problems = problemsOf({ file, env, flags: { '--listen': '7080' } });
  const expected = [
    'f.yaml:1:1: cahce: found an unknown key, expected one of `listen`, `admin`, `cache`, `fill`, `origins`, `hub`, `log`, `tracing` (did you mean `cache`?)',
    'f.yaml:3:3: cache.capcity: found an unknown key, expected one of `directory`, `capacity`,',
    'f.yaml:4:3: cache.chunkSize: found "3MiB", expected a power of two from 1MiB to 64MiB',
    'f.yaml:6:3: listen.headersTimeout: found "40s", expected at most listen.requestTimeout, 30 s',
    'f.yaml:9:5: origins[0].mount: found "models", expected a path such as',
    'f.yaml:10:5: origins[1].url: found "ftp://...@b", expected an http or https URL',
    'f.yaml:11:15: origins[1].headers.Host: found "Host", expected a field name',
    'f.yaml:11:24: origins[1].headers.good: found a hidden value, expected a field value',
    'f.yaml:12:5: origins[2].url: found nothing, expected an http or https URL',
    'f.yaml:13:1: log: found 5, expected a mapping',
    'FOREBAY_FILL_THREADS: fill.threads: found "many", expected a whole number from 1 to 64',
    'FOREBAY_LISTEN_MAX_CONECTIONS: found an unknown variable, expected a variable that docs/CONFIG.md names (did you mean `FOREBAY_LISTEN_MAX_CONNECTIONS`?)',
    '--listen: listen.address: found "7080", expected HOST:PORT',
  ];
  for (const line of expected) {
    t.ok(
      problems.some((problem) => problem.startsWith(line)),
      line,
    );
  }
  t.ok(problems.some((problem) => problem.endsWith('(did you mean `cache.capacity`?)')));
  t.equal(problems.length, expected.length, problems.join('\n'));
  t.notMatch(problems.join('\n'), /secret|cret"/);
});

t.test('a rule between keys names the key to change and its cause', async (t) => {
  t.same(problemsOf({ flags: { '--capacity': '64MiB' } }), [
    '--capacity: cache.capacity: found "64MiB", expected at least 128 MiB: 8 chunks of 8 MiB and one for each of 8 fill lanes',
  ]);
  t.match(problemsOf({ file: 'fill: {connectTimeout: 100s}' }), [
    /^f\.yaml:1:1: fill\.requestTimeout: found the default `60s`, expected at least .* 108 s$/,
  ]);
  t.match(problemsOf({ flags: { '--listen': 'a:80', '--admin': 'a:80' } }), [
    /^--admin: admin\.address/,
  ]);
  t.match(problemsOf({ file: 'origins: [{url: "http://a"}, {url: "http://a", mount: "/"}]' }), [
    /^f\.yaml:1:\d+: origins\[1\]\.name: found nothing, expected another name: origins\[0\]/,
    /^f\.yaml:1:\d+: origins\[1\]\.mount: found "\/", expected another mount: origins\[0\]/,
  ]);
});

t.test('empty sections and files are valid', async (t) => {
  for (const file of ['', '# nothing', 'cache:\nlog:\n', '---\n'])
    t.same(problemsOf({ file }), [], file);
});

t.test('a configuration file that is missing or not a mapping is an error', async (t) => {
  t.match(problemsOf({ flags: { '--config': '/none' } }), [/^--config: found "\/none" \(ENOENT/]);
  t.match(problemsOf({ env: { FOREBAY_CONFIG: '/none' } }), [/^FOREBAY_CONFIG: found "\/none"/]);
  t.match(problemsOf({ flags: { '--config': '' } }), [
    /^--config: found "" \(ENOENT.*expected a readable/,
  ]);
  t.match(problemsOf({ file: '- a\n- b' }), [
    /^f\.yaml:1:1: found a list, expected a mapping of sec/,
  ]);
  t.match(problemsOf({ file: 'just text' }), [/found "just text"/]);
  t.match(problemsOf({ file: 'a: [', flags: { '--capacity': 'x' } }), [
    /^f\.yaml:1/,
    /^--capacity/,
  ]);
});

t.test('a configuration and a secret are read from real files', async (t) => {
  const directory = t.testdir();
  const token = join(directory, 'token');
  const file = join(directory, 'forebay.yaml');
  writeFileSync(token, 'Bearer hf_secret\n');
  writeFileSync(
    file,
    `origins:\n  - url: https://a\n    headers: {Authorization: {file: ${token}}}\n`,
  );
  const { origins } = loadConfig({ flags: {}, env: { FOREBAY_CONFIG: file } });
  t.same(origins[0]?.headers, { authorization: 'Bearer hf_secret' });
  writeFileSync(token, 'Bearer hf_secret\r\nx: smuggled\n');
  t.throws(() => loadConfig({ flags: { '--config': file }, env: {} }), {
    message: /^[^\n]*:3:15: origins\[0\]\.headers\.Authorization: found a hidden value[^\n]*$/,
  });
  writeFileSync(token, 'x'.repeat(8193));
  t.throws(() => loadConfig({ flags: { '--config': file }, env: {} }), {
    message: /token", which cannot be read \(larger than 8192 bytes\)/,
  });
  mkdirSync(join(directory, 'd'));
  t.throws(() => loadConfig({ flags: { '--config': join(directory, 'd') }, env: {} }), ConfigError);
});

t.test('the default cache directory follows XDG_CACHE_HOME', async (t) => {
  const home = () => '/user';
  t.equal(defaultCacheDirectory({}, home), '/user/.cache/forebay');
  t.equal(defaultCacheDirectory({ XDG_CACHE_HOME: '/c' }, home), '/c/forebay');
  t.equal(defaultCacheDirectory({ XDG_CACHE_HOME: 'relative' }, home), '/user/.cache/forebay');
});

t.test('property: loading returns a configuration or reports every problem', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('8MiB', '30s', 'auto', '/', 'http://a', '127.0.0.1:1', '__proto__'),
  );
  const section = fc.dictionary(
    fc.constantFrom('address', 'capacity', 'url', 'headers', 'threads', '__proto__', 'x'),
    value,
  );
  const file = fc.dictionary(
    fc.constantFrom('listen', 'cache', 'fill', 'origins', 'log', '__proto__', 'constructor'),
    fc.oneof(value, section, fc.array(section, { maxLength: 3 })),
  );
  fc.assert(
    fc.property(
      file,
      fc.dictionary(fc.constantFrom('--listen', '--origin'), fc.string()),
      (content, flags) => {
        problemsOf({ file: JSON.stringify(content), flags });
      },
    ),
    { numRuns: 300 },
  );
});

t.test('another hub may be mirrored without any origin', async (t) => {
  const url = 'https://hub.example.org';
  const hub = [{ name: 'huggingface', adapter: 'huggingface', url, passMethods: true }];
  const load = (flags: Record<string, string>, env: Record<string, string> = {}) =>
    loadConfig({ flags, env, homeDirectory: () => '/nowhere' }).origins;
  t.match(load({ '--hf-endpoint': url }), hub);
  t.match(load({}, { FOREBAY_HUB_ENDPOINT: url }), hub);
  const other = { '--hf-endpoint': url, '--origin': 'https://models.example.org' };
  t.match(load(other), [{ adapter: 'http', url: 'https://models.example.org' }]);
  t.throws(() => load({ '--hf-endpoint': 'ftp://x' }));
});
