/**
 * `npm run test:sanitize`: looks for memory errors and data races in native/. First the tests that
 * call the addon run with an addon built for AddressSanitizer and UndefinedBehaviorSanitizer, in a
 * copy of the tree; then the stress programs of native/stress run under ThreadSanitizer, without
 * Node. Linux and g++ only. Exits with 1 when a sanitizer reported something, or a test failed.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildAddon, LOCAL_CACHE } from './lib/addon.mjs';
import { BootstrapError, runStep, say } from './lib/step.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WORK = join(ROOT, LOCAL_CACHE, 'sanitize');

/** Parts of the paths of the tests that call the addon. */
const TESTS = ['test/native/', 'test/compute/', 'test/send/', 'test/http/hits/', 'hit-requests'];

/** What is not copied: the copy has its own build, and the rest is large and not needed. */
const LEFT_OUT = new Set(['.git', LOCAL_CACHE, 'build', 'node_modules']);

const ADDRESS = ['address', 'undefined'];

/** The report ends the process; its frames name their functions. */
const COMPILER_FLAGS = ['-g', '-O1', '-fno-omit-frame-pointer', '-fno-sanitize-recover=undefined'];

try {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  checkAddresses();
  checkThreads();
  say('the sanitizers found nothing');
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

/** The tests of the addon, under AddressSanitizer and UndefinedBehaviorSanitizer. */
function checkAddresses() {
  const tree = join(WORK, 'tree');
  mkdirSync(tree);
  for (const name of readdirSync(ROOT)) {
    if (!LEFT_OUT.has(name)) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const sanitize = `-fsanitize=${ADDRESS.join(',')}`;
  const flags = [sanitize, ...COMPILER_FLAGS].join(' ');
  buildAddon({
    root: tree,
    nodeGyp: join(ROOT, 'node_modules/node-gyp/bin/node-gyp.js'),
    env: { ...process.env, CFLAGS: flags, CXXFLAGS: flags, LDFLAGS: sanitize },
  });
  // Node itself is built without: the libraries have to be loaded before it.
  const libraries = ['libasan.so', 'libubsan.so'].map((name) => pathOfLibrary(name));
  run(process.execPath, ['scripts/run-tests.mjs', ...TESTS], {
    cwd: tree,
    env: {
      ...process.env,
      LD_PRELOAD: libraries.join(':'),
      // V8 keeps memory that it never frees.
      ASAN_OPTIONS: 'detect_leaks=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  });
}

/** The stress programs, under ThreadSanitizer. */
function checkThreads() {
  const core = readdirSync(join(ROOT, 'native/core'))
    // Hashing has no threads of its own, and comes with other people's C.
    .filter((name) => name.endsWith('.cc') && name !== 'blake3_tree.cc')
    .map((name) => join('native/core', name));
  const stress = readdirSync(join(ROOT, 'native/stress'))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join('native/stress', name));
  const program = join(WORK, 'stress');
  const flags = ['-std=c++20', '-fno-exceptions', '-Wall', '-Wextra', '-Werror'];
  runStep({
    title: 'building the stress programs',
    command: 'g++',
    args: ['-fsanitize=thread', ...flags, ...COMPILER_FLAGS, ...stress, ...core, '-o', program],
    cwd: ROOT,
  });
  run(program, [], { cwd: ROOT, env: process.env });
}

/** The path of a library of the compiler's. */
function pathOfLibrary(name) {
  const { stdout } = spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' });
  return stdout.trim();
}

/** Runs a command whose output is shown as it comes; throws when it fails. */
function run(command, args, options) {
  const { status, signal } = spawnSync(command, args, { ...options, stdio: 'inherit' });
  if (status !== 0) throw new BootstrapError(`${command} ended with ${status ?? signal}`);
}
