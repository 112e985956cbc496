/**
 * Builds the native addon with node-gyp. bootstrap.mjs calls it in a checkout, install.mjs where
 * npm has installed the package somewhere else.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { BootstrapError, runStep } from './step.mjs';
import { homeIsWritable, nodeHeaderPrefix, requireTools } from './toolchain.mjs';

/** What is built, relative to the package's root; src/compute/native.ts loads it from there. */
export const ADDON = 'build/Release/forebay.node';

/** Caches of npm and node-gyp where the home directory cannot be written; relative to the root. */
export const LOCAL_CACHE = '.cache';

/** The C sources of BLAKE3 as package.mjs puts them into a package, relative to its root. */
export const PACKAGED_BLAKE3 = 'native/blake3';

/**
 * Builds it, whatever is there already.
 * @param {{root: string, nodeGyp: string, force?: boolean, env?: object}} build `root` is
 *   absolute; `nodeGyp` the script to build with; `force` forgets an earlier build first; `env` is
 *   the compiler's environment.
 * @throws {BootstrapError} that names a missing tool, or with the compiler's output above it.
 */
export function buildAddon({ root, nodeGyp, force = false, env = process.env }) {
  requireTools(['python3', 'make', 'g++']);
  const headers = nodeHeaderPrefix(root);
  const args = [
    nodeGyp,
    ...(force ? ['rebuild'] : ['configure', 'build']),
    '--jobs=max',
    ...(headers === undefined ? [] : [`--nodedir=${headers}`]),
    ...(homeIsWritable() ? [] : [`--devdir=${join(root, LOCAL_CACHE, 'node-gyp')}`]),
    '--',
    ...sourcePlaces(root),
  ];
  if (!homeIsWritable()) mkdirSync(join(root, LOCAL_CACHE), { recursive: true });
  runStep({ title: 'building the addon', command: process.execPath, args, cwd: root, env });
  if (!existsSync(join(root, ADDON))) throw new BootstrapError(`the build made no ${ADDON}`);
}

/** What binding.gyp cannot know: npm puts a package's dependencies where it likes. */
function sourcePlaces(root) {
  if (!existsSync(join(root, PACKAGED_BLAKE3))) return [];
  const require = createRequire(join(root, 'package.json'));
  const headers = dirname(require.resolve('node-addon-api/package.json'));
  return [`-Dblake3=${PACKAGED_BLAKE3}`, `-Dnode_addon_api=${headers}`];
}
