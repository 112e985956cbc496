/**
 * Makes a checkout ready to run: installs packages, builds the addon, compiles TypeScript; each
 * only when it is missing or stale. `npm start`, `npm test` and `npm run build` call it first. Says
 * one line a step on standard error and nothing when all is fresh. Node's own modules only: it runs
 * before anything is installed.
 *
 *   --dev     compiles test/ and bench/ too
 *   --force   builds everything anew
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ADDON, buildAddon, LOCAL_CACHE } from './lib/addon.mjs';
import { fingerprint, isFresh, leaveStamp } from './lib/fingerprint.mjs';
import { BootstrapError, runStep, say } from './lib/step.mjs';
import { checkPlatform, homeIsWritable, npmCommand } from './lib/toolchain.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(ROOT, ...parts);

const PACKAGES_STAMP = at('node_modules/.forebay-stamp');
const ADDON_STAMP = at('build/.forebay-stamp');

const { dev, force } = readArguments(process.argv.slice(2));

try {
  checkPlatform();
  installPackages();
  // Everything that is built depends on the versions in the lock file.
  const lock = fingerprint(ROOT, ['package-lock.json']);
  buildAddonWhenStale(lock);
  compile('dist', ['src', 'tsconfig.json'], '.', lock);
  if (dev) {
    const inputs = ['src', 'test', 'bench', 'tsconfig.json'];
    compile('dist-dev', inputs, 'test', lock);
  }
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  say(`forebay: ${error.message}`);
  process.exitCode = 1;
}

function readArguments(args) {
  const known = ['--dev', '--force'];
  const unknown = args.find((arg) => !known.includes(arg));
  if (unknown !== undefined) {
    say(`forebay: bootstrap knows ${known.join(' and ')}, not ${unknown}`);
    process.exit(64);
  }
  return { dev: args.includes('--dev'), force: args.includes('--force') };
}

function installPackages() {
  const wanted = fingerprint(ROOT, ['package-lock.json']);
  if (isFresh(PACKAGES_STAMP, wanted)) return;
  if (!installedAsLocked()) {
    const { command, args } = npmCommand();
    const env = { ...process.env };
    if (!homeIsWritable()) env.npm_config_cache = at(LOCAL_CACHE, 'npm');
    runStep({ title: 'installing packages', command, args: [...args, 'ci'], cwd: ROOT, env });
  }
  leaveStamp(PACKAGES_STAMP, wanted);
}

/** True when somebody ran `npm ci` already: npm's own record of what it installed agrees. */
function installedAsLocked() {
  const [wanted, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map(
    readLock,
  );
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !(path in installed)),
  );
}

function readLock(path) {
  if (!existsSync(at(path))) return undefined;
  return JSON.parse(readFileSync(at(path), 'utf8')).packages;
}

function buildAddonWhenStale(lock) {
  const facts = [lock, process.platform, process.arch];
  const wanted = fingerprint(ROOT, ['binding.gyp', 'native', 'scripts/lib/addon.mjs'], facts);
  if (!force && existsSync(at(ADDON)) && isFresh(ADDON_STAMP, wanted)) return;
  buildAddon({ root: ROOT, nodeGyp: at('node_modules/node-gyp/bin/node-gyp.js'), force });
  leaveStamp(ADDON_STAMP, wanted);
}

/** Compiles `project` into `output` when any of its inputs changed. */
function compile(output, inputs, project, lock) {
  const stamp = at(output, '.forebay-stamp');
  const wanted = fingerprint(ROOT, inputs, [lock]);
  if (!force && isFresh(stamp, wanted)) return;
  // A stamp beside half of an output would make the half look whole.
  rmSync(stamp, { force: true });
  const args = [
    at('node_modules/typescript/bin/tsc'),
    '-b',
    project,
    ...(force ? ['--force'] : []),
  ];
  runStep({ title: `compiling into ${output}/`, command: process.execPath, args, cwd: ROOT });
  leaveStamp(stamp, wanted);
}
