/** Rules that hold for the text of each source. */
import t from 'tap';
import { filesBelow, readText } from '../fixtures/source-tree.js';

const sources = filesBelow('src').filter((path) => path.endsWith('.ts'));

/** Beyond this a file holds two ideas. */
const MAX_LINES = 300;

t.test('only model/uri and model/path compare spellings of a path', async (t) => {
  // What is shown to people, a proxy's password and the name of a repository are no paths.
  const elsewhere = ['src/cli/pull-names.ts', 'src/config/proxies.ts', 'src/hub/repository.ts'];
  const found = sources.filter(
    (file) => /\bdecodeURI(?:Component)?\(/.test(readText(file)) && !elsewhere.includes(file),
  );
  t.same(found, []);
});

t.test('connections to origins are made in one place', async (t) => {
  const makes =
    /\b(?:net|tls)\.connect\b|\bbuildConnector\(|\bProxyAgent\b|\bhttps\.(?:request|get|Agent)\b/;
  // The admin API is no origin: it is reached directly, and proves itself.
  const toAdmin = 'src/cli/admin-client.ts';
  const code = (text: string) => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
  t.same(
    sources.filter((file) => makes.test(code(readText(file)))).sort(),
    [toAdmin, 'src/origin/connect.ts', 'src/origin/dial.ts'],
    'origin/connect checks addresses, proxies and certificates: another way would not',
  );
});

t.test('files are short and begin with a description', async (t) => {
  const long = ['src', 'native', 'test', 'bench', 'scripts']
    .flatMap(filesBelow)
    .filter((path) => /\.(?:ts|mjs|cc|h)$/.test(path))
    .map((path) => ({ path, lines: readText(path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES);
  t.same(long, []);
  const silent = sources.filter((file) => !/^(?:#!.*\n)?\/\*\*\s+(?:\* )?\S/.test(readText(file)));
  t.same(silent, []);
});

/** As wide as Prettier keeps code. */
const MAX_COLUMNS = 100;

t.test('comments are as narrow as the code', async (t) => {
  const wide = ['src', 'native', 'test', 'bench', 'scripts']
    .flatMap(filesBelow)
    .filter((path) => /\.(?:ts|mjs|cc|h)$/.test(path))
    .flatMap((path) =>
      readText(path)
        .split('\n')
        .filter((line) => line.length > MAX_COLUMNS && /^\s*(?:\*|\/\/|\/\*\*)/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
  t.same(wide, []);
});

t.test('no two files export one name for two things', async (t) => {
  const places = new Map<string, string[]>();
  const exported =
    /^export (?:async |abstract )*(?:function\*?|class|interface|type|const|let|enum) (\w+)/gm;
  for (const file of sources) {
    for (const [, name = ''] of readText(file).matchAll(exported)) {
      places.set(name, [...(places.get(name) ?? []), file]);
    }
  }
  t.same(
    [...places].filter(([, files]) => files.length > 1),
    [],
  );
});

t.test('the native core knows nothing of Node', async (t) => {
  const core = filesBelow('native/core');
  t.not(core.length, 0);
  t.same(
    core.filter((file) => /#\s*include\s*[<"](?:napi|node)/.test(readText(file))),
    [],
  );
});

t.test('each decision about secrets and trust is in one file', async (t) => {
  const others = (file: string, pattern: RegExp): string[] =>
    sources.filter((other) => other !== file && pattern.test(readText(other)));
  t.same(others('src/model/shown-url.ts', /replace\(\/\[\?#\]/), [], 'cuts queries off URLs');
  t.same(
    others('src/store/directory/ownership.ts', /\bgeteuid\b/),
    [],
    'says who we are, and what is ours',
  );
  t.same(
    others('src/store/directory/cache-key.ts', /\bcreateHmac\b/),
    ['src/admin/proof.ts'],
    'makes what stands for a secret; the other proves that one is known',
  );
  const inStore = sources.filter((file) => file.startsWith('src/store/'));
  const reading = /\breadFile(?:Sync)?\(/;
  t.same(
    inStore.filter((file) => reading.test(readText(file))),
    [
      'src/store/directory/cache-directory.ts',
      'src/store/directory/lock-probe.ts',
      'src/store/directory/ownership.ts',
    ],
    'reads files of the cache: the others read the lock that they hold',
  );
});
