/** Which room a file is in, what it imports, and which test it has. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  cyclesOf,
  filesBelow,
  importGraph,
  readText,
  ROOT,
  specifiersOf,
} from '../fixtures/source-tree.js';

const graph = importGraph();
const sources = [...graph.keys()];

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
  'src/cache/fill/fill-watch.ts': 'test/e2e/transfers.test.ts sees every fill through it',
  'src/cache/object/find-chunk.ts': 'test/cache/object/generation opens every kind of chunk by it',
  'src/cache/integrity/integrity-state.ts': 'test/cache/integrity/integrity meets its error',
  'src/cache/rfc9111/stored-digests.ts': 'test/cache/answer/answers asks it',
  'src/cache/fill/commit-chunk.ts':
    'test/cache/fill/fill and test/cache/fill/intake land chunks through it',
  'src/http/exchange/partial-send.ts':
    'test/http/hits/hot-hits.test.ts goes on with what has begun',
  'src/config/telemetry-schema.ts': 'test/config/schema.test.ts reads it as a part of the whole',
  'src/assemble/admin-listener.ts': 'test/e2e/admin-api.test.ts starts it',
  'src/assemble/observing.ts': 'test/e2e/transfers.test.ts and test/faults read these metrics',
  'src/assemble/storage.ts': 'test/assemble.test.ts opens it with a whole program',
  'src/cache/fetch/accept-response.ts': 'test/cache/fetch/origin-fetch.test.ts accepts by it',
  'src/cache/fetch/response-recording.ts':
    'test/cache/fetch/collapsed-fetches and test/rfc9111/section-4.3-validation record through it',
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

/** `src/cache/body/plan.ts` is in room `cache`, `src/main.ts` in `main`. */
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

/** Rooms with rooms within; the README of each lists them in their order. */
const DIVIDED = ['cache', 'http', 'store'];

t.test('folders of a room import only from folders before them in its README', async (t) => {
  for (const room of DIVIDED) {
    const order = [...readText(`src/${room}/README.md`).matchAll(/^- `([a-z0-9-]+)\/`: /gm)].map(
      ([, name = '']) => name,
    );
    const placeOf = (file: string): number => {
      const folder = new RegExp(`^src/${room}/([^/]+)/`).exec(file)?.[1];
      return folder === undefined ? order.length : order.indexOf(folder);
    };
    const own = sources.filter((file) => roomOf(file) === room);
    t.same([...new Set(own.map(placeOf))].sort((a, b) => a - b).slice(0, order.length), [
      ...order.keys(),
    ]);
    const upwards = own.flatMap((file) =>
      (graph.get(file) ?? [])
        .filter((imported) => roomOf(imported) === room && placeOf(imported) > placeOf(file))
        .map((imported) => `${file} imports ${imported}`),
    );
    t.same(upwards, []);
  }
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

t.test('the import graph has no cycles, and cyclesOf finds them', async (t) => {
  t.same(cyclesOf(graph), []);
  const circle = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  t.same(cyclesOf(circle), ['a -> b -> c -> a'], 'one would be seen');
});

t.test('imports are found in each of their forms', async (t) => {
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
