/**
 * npm runs this after it has installed the package somewhere: it builds the addon there, from the
 * sources in the package. In a checkout `.npmrc` turns such scripts off, and bootstrap.mjs builds.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ADDON, buildAddon } from './lib/addon.mjs';
import { BootstrapError, say } from './lib/step.mjs';
import { checkPlatform } from './lib/toolchain.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

try {
  checkPlatform();
  if (!loads()) buildAddon({ root: ROOT, nodeGyp: npmsNodeGyp(), force: true });
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  say(`forebay: ${error.message}`);
  process.exitCode = 1;
}

/** True when there is an addon that this Node and this machine can load. */
function loads() {
  try {
    createRequire(import.meta.url)(join(ROOT, ADDON));
    return true;
  } catch {
    return false;
  }
}

/** npm tells its scripts where the node-gyp is that it brings. */
function npmsNodeGyp() {
  const path = process.env.npm_config_node_gyp;
  if (path !== undefined && existsSync(path)) return path;
  throw new BootstrapError('npm runs this script: npm rebuild forebay --ignore-scripts=false');
}
