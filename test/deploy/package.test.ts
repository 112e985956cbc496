/** What a package holds: all that runs and all that the addon is built from, and nothing else. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { readText, ROOT } from '../fixtures/source-tree.js';

/** The paths that `npm run package` would put into the tarball. */
function packagedFiles(): readonly string[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(ROOT, 'scripts/package.mjs'), '--dry-run', '--json', '--silent'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const [pack] = JSON.parse(stdout) as { readonly files: readonly { readonly path: string }[] }[];
  return (pack?.files ?? []).map(({ path }) => path);
}

t.test("the package holds the program, the addon's sources and the documents", async (t) => {
  const files = packagedFiles();
  const wanted = ['dist/main.js', 'dist/worker/fill-worker.js', 'binding.gyp', 'LICENSE'];
  wanted.push('scripts/install.mjs', 'README.md', 'CHANGELOG.md', 'deploy/README.md');
  t.same(
    wanted.filter((path) => !files.includes(path)),
    [],
  );
  const others = files.filter((path) => /^(?:src|test|bench|build|node_modules|\.)/.test(path));
  t.same(others, [], 'and nothing that it does not need');
  const compiled = files.filter((path) => path.startsWith('dist/') && !path.endsWith('.js'));
  t.same(compiled, [], 'no types and no maps: it is a program');

  const gyp = readText('binding.gyp');
  const sources = [...gyp.matchAll(/"(native\/[^"]+|<\(blake3\)\/[^"]+)"/g)].map(([, path = '']) =>
    path.replace('<(blake3)', 'native/blake3'),
  );
  t.ok(sources.length > 10);
  t.same(
    sources.filter((path) => !files.includes(path)),
    [],
    'every source that binding.gyp names',
  );
});

t.test('npm builds the addon on install, and not in a checkout', async (t) => {
  const { scripts, bin } = JSON.parse(readText('package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
    readonly bin: Readonly<Record<string, string>>;
  };
  // Without an install script npm would run node-gyp by itself, which does not find the sources.
  t.equal(scripts['install'], 'node scripts/install.mjs');
  t.match(readText('.npmrc'), /^ignore-scripts=true$/m);
  t.same(bin, { forebay: 'dist/main.js' });
});
