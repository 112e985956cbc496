import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { configDocument } from '#src/config/docs.js';
import type { RefusalReason } from '#src/http/screen.js';
import { statusOfError, statusOfRefusal } from '#src/http/status.js';
import type { ErrorCode } from '#src/model/errors.js';
import { metricsDocument } from '#src/telemetry/metrics-docs.js';
import {
  cyclesOf,
  filesBelow,
  importGraph,
  readText,
  ROOT,
  specifiersOf,
} from './fixtures/source-tree.js';

/** A file imports from its own room and from those before it. */
const ROOMS = [
  'model',
  'config',
  'origin',
  'store',
  'compute',
  'worker',
  'telemetry',
  'cache',
  'send',
  'hub',
  'http',
  'admin',
  'assemble',
  'cli',
  'main',
];

/** Files that no test of their own mirrors, and why. Files of types alone need no entry. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  'src/admin/api.ts': 'test/e2e/admin-api.test.ts asks for every operation',
  'src/admin/endpoint.ts': 'test/admin/server makes routes of endpoints',
  'src/admin/pulls-view.ts': 'test/e2e/admin-api.test.ts watches a pull through it',
  'src/admin/routes/cache.ts': 'test/e2e/admin-api.test.ts',
  'src/admin/routes/health.ts': 'test/admin/server.test.ts',
  'src/admin/routes/objects.ts': 'test/e2e/admin-api.test.ts',
  'src/admin/routes/pins.ts': 'test/e2e/admin-api.test.ts',
  'src/admin/routes/proof.ts': 'test/cli/session.test.ts asks a running Forebay for it',
  'src/admin/routes/pulls.ts': 'test/e2e/admin-api.test.ts',
  'src/admin/routes/transfers.ts': 'test/e2e/transfers.test.ts and test/e2e/admin-api.test.ts',
  'src/admin/routes/verify.ts': 'test/e2e/admin-api.test.ts',
  'src/cache/fill-watch.ts': 'test/e2e/transfers.test.ts sees every fill through it',
  'src/cache/find-chunk.ts': 'test/cache/generation opens every kind of chunk by it',
  'src/cache/integrity-state.ts': 'test/cache/integrity meets its error',
  'src/cache/stored.ts': 'test/cache/answers asks it',
  'src/cache/validation.ts': 'test/rfc9111/section-4.3-validation.test.ts',
  'src/cache/landing.ts': 'test/cache/fill and test/cache/intake land chunks through it',
  'src/http/begun.ts': 'test/http/standing.test.ts goes on with what has begun',
  'src/config/telemetry-schema.ts': 'test/config/schema.test.ts reads it as a part of the whole',
  'src/http/strict-server.ts': 'test/http/server.test.ts, for every form that it is strict about',
  'src/assemble/cache-limits.ts': 'test/e2e/reload.test.ts changes them in a running program',
  'src/assemble/hub-settings.ts': 'test/hub/lookup.test.ts starts with it',
  'src/hub/remember-way.ts': 'test/hub/decisions.test.ts and test/interop follow it',
  'src/hub/mirror.ts': 'test/hub/lookup.test.ts starts with it',
  'src/hub/scan-worker.ts': 'test/hub/scan-pool.test.ts starts it as a thread',
  'src/hub/refusals.ts':
    'test/hub/decisions.test.ts, test/hub/api.test.ts, test/hub/paths-info.test.ts',
  'src/origin/lean-connection.ts': 'test/contract/origin-client.ts, run on the lean client',
  'src/origin/lean-exchange.ts': 'test/contract/origin-client.ts, run on the lean client',
  'src/origin/options.ts': 'one constant, used in test/origin/lean-client.test.ts',
  'src/origin/undici-exchange.ts': 'test/contract/origin-client.ts, run on the undici client',
  'src/send/pumped-send.ts': 'test/contract/segment-sender.ts, run on `SendfileSender`',
  'src/worker/fill-worker.ts': 'test/compute/fill-pool.test.ts starts it as a thread',
  'src/worker/hash-worker.ts': 'test/compute/hash-pool.test.ts starts it as a thread',
  'src/worker/stream-writer.ts': 'test/worker/open-body.test.ts, for every stream in it',
  'src/worker/verify-worker.ts': 'test/compute/verify-pool.test.ts starts it as a thread',
};

/** Beyond this a file holds two ideas. */
const MAX_LINES = 300;

const graph = importGraph();
const sources = [...graph.keys()];

/** `src/cache/plan.ts` is in room `cache`, `src/main.ts` in `main`. */
function roomOf(path: string): string {
  return /^src\/([^/.]+)/.exec(path)?.[1] ?? path;
}

t.test('rooms import only from rooms before them', async (t) => {
  const unknown = sources.filter((file) => !ROOMS.includes(roomOf(file)));
  t.same(unknown, [], 'every file is in a room');
  const upwards = [...graph].flatMap(([file, imports]) =>
    imports
      .filter((imported) => ROOMS.indexOf(roomOf(imported)) > ROOMS.indexOf(roomOf(file)))
      .map((imported) => `${file} imports ${imported}`),
  );
  t.same(upwards, []);
  const outside = [...graph].filter(([, imports]) => imports.some((path) => !graph.has(path)));
  t.same(outside, [], 'no file imports what is not in src');
});

t.test('packages that src imports are dependencies', async (t) => {
  const { dependencies } = JSON.parse(readText('package.json')) as {
    dependencies: Record<string, string>;
  };
  const others = sources.flatMap((file) =>
    specifiersOf(readText(file))
      .filter((specifier) => !/^(?:\.|node:)/.test(specifier))
      .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '')
      .filter((name) => !Object.hasOwn(dependencies, name))
      .map((name) => `${file} imports ${name}`),
  );
  t.same(others, []);
});

t.test('spellings of a path are compared in model/uri and model/path alone', async (t) => {
  // What is shown to people, a proxy's password and the name of a repository are no paths.
  const elsewhere = ['src/cli/pull-names.ts', 'src/config/proxies.ts', 'src/hub/repository.ts'];
  const found = sources.filter(
    (file) => /\bdecodeURI(?:Component)?\(/.test(readText(file)) && !elsewhere.includes(file),
  );
  t.same(found, []);
});

t.test('no import cycles', async (t) => {
  t.same(cyclesOf(graph), []);
  const circle = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  t.same(cyclesOf(circle), ['a -> b -> c -> a'], 'one would be seen');
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

t.test('imports are seen in each of their forms', async (t) => {
  const source = `
    import a from './a.js';
    import type { B } from "./b.js";
    export * from './c.js';
    import './d.js';
    const e = await import('./e.js');
    /** import f from './f.js' */
    // import g from './g.js'
    import {
      h,
    } from './h.js';
  `;
  t.same(
    specifiersOf(source),
    ['a', 'b', 'c', 'd', 'e', 'h'].map((name) => `./${name}.js`),
  );
});

t.test('each source has its test, and each test of a room its source', async (t) => {
  const untested = sources.filter(
    (file) => !hasTest(file) && !Object.hasOwn(TESTED_ELSEWHERE, file) && !isTypesOnly(file),
  );
  t.same(untested, [], 'sources without a test');
  const excuses = Object.keys(TESTED_ELSEWHERE);
  t.same(
    excuses.filter((file) => !graph.has(file) || hasTest(file)),
    [],
    'excuses that are not needed',
  );
  const orphans = filesBelow('test')
    .filter((path) => path.endsWith('.test.ts') && ROOMS.includes(path.split('/')[1] ?? ''))
    .filter((path) => !graph.has(path.replace(/^test/, 'src').replace(/\.test\.ts$/, '.ts')));
  t.same(orphans, [], 'tests without a source');
});

function hasTest(file: string): boolean {
  return existsSync(join(ROOT, file.replace(/^src/, 'test').replace(/\.ts$/, '.test.ts')));
}

/** A file of types alone compiles to an empty module: there is nothing to run. */
function isTypesOnly(file: string): boolean {
  const compiled = readText(file.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js'));
  return /^(?:\/\*[\s\S]*?\*\/|\/\/.*|\s|export \{\};)*$/.test(compiled);
}

t.test('files are short and say at their beginning what they are', async (t) => {
  const long = ['src', 'native', 'test', 'bench', 'scripts']
    .flatMap(filesBelow)
    .filter((path) => /\.(?:ts|mjs|cc|h)$/.test(path))
    .map((path) => ({ path, lines: readText(path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES);
  t.same(long, []);
  const silent = sources.filter((file) => !/^(?:#!.*\n)?\/\*\*\s+(?:\* )?\S/.test(readText(file)));
  t.same(silent, []);
});

t.test('the native core knows nothing of Node', async (t) => {
  const core = filesBelow('native/core');
  t.not(core.length, 0);
  t.same(
    core.filter((file) => /#\s*include\s*[<"](?:napi|node)/.test(readText(file))),
    [],
  );
});

t.test('docs/CONFIG.md is what the schema says: else run `npm run docs`', async (t) => {
  t.equal(readText('docs/CONFIG.md'), configDocument());
});

t.test('docs/METRICS.md is what the instruments are: else run `npm run docs`', async (t) => {
  t.equal(readText('docs/METRICS.md'), metricsDocument());
});

t.test('docs/ERRORS.md names every code with its status', async (t) => {
  const codes = membersOf('ErrorCode', 'src/model/errors.ts') as ErrorCode[];
  const refusals = [
    ...membersOf('TargetRefusal', 'src/http/route.ts'),
    ...membersOf('RefusalReason', 'src/http/screen.ts'),
  ] as RefusalReason[];
  t.ok(codes.length > 0 && refusals.length > 0);
  const documented = new Map(
    [...readText('docs/ERRORS.md').matchAll(/^\| `([a-z-]+)` .*\| (\d{3})\b[^|]*\|$/gm)].map(
      ([, code = '', status]) => [code, Number(status)],
    ),
  );
  const statuses = new Map<string, number>([
    ...codes.map((code) => [code, statusOfError(code)] as const),
    ...refusals.map((reason) => [reason, statusOfRefusal(reason).status] as const),
  ]);
  t.same(documented, statuses);
});

t.test('what decides about secrets and trust has one place', async (t) => {
  const others = (file: string, pattern: RegExp): string[] =>
    sources.filter((other) => other !== file && pattern.test(readText(other)));
  t.same(others('src/model/shown-url.ts', /replace\(\/\[\?#\]/), [], 'cuts queries off URLs');
  t.same(others('src/store/ownership.ts', /\bgeteuid\b/), [], 'says who we are, and what is ours');
  t.same(
    others('src/store/cache-key.ts', /\bcreateHmac\b/),
    ['src/admin/proof.ts'],
    'makes what stands for a secret; the other proves that one is known',
  );
  const inStore = sources.filter((file) => file.startsWith('src/store/'));
  const reading = /\breadFile(?:Sync)?\(/;
  t.same(
    inStore.filter((file) => reading.test(readText(file))),
    ['src/store/lock-probe.ts', 'src/store/ownership.ts', 'src/store/site.ts'],
    'reads files of the cache: the others read the lock that they hold',
  );
});

/** The texts of a union of texts. */
function membersOf(type: string, file: string): readonly string[] {
  const union = new RegExp(`export type ${type} =([^;]*);`).exec(readText(file))?.[1] ?? '';
  return [...union.matchAll(/'([a-z-]+)'/g)].map(([, member = '']) => member);
}

t.test('nothing tells where it was written', async (t) => {
  const places = new RegExp(
    [
      String.raw`(?<![\w.~])/(?:home|root|Users|work)/\w`,
      String.raw`registry\.(?:npmjs|yarnpkg)|artifactory|codeartifact|"resolved":`,
    ].join('|'),
    'i',
  );
  // The file that lists what to look for would find itself.
  const found = filesBelow('.')
    .filter((path) => path !== 'test/tidy.test.ts')
    .flatMap((path) => {
      const place = places.exec(readText(path))?.[0];
      return place === undefined ? [] : [`${path}: ${place}`];
    });
  t.same(found, []);
});
