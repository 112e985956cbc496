/** Finds the tools that a build needs and names the package of each one that is missing. */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { BootstrapError } from './step.mjs';

const MIN_NODE = [20, 20];

/** Where each tool comes from, by package manager. */
const PACKAGES = {
  npm: { apt: 'npm', dnf: 'nodejs-npm', macos: 'brew install node' },
  python3: { apt: 'python3', dnf: 'python3', macos: 'xcode-select --install' },
  make: { apt: 'make', dnf: 'make', macos: 'xcode-select --install' },
  'g++': { apt: 'g++', dnf: 'gcc-c++', macos: 'xcode-select --install' },
};

/** Throws when this platform or this Node cannot run Forebay. */
export function checkPlatform() {
  if (process.platform === 'win32') {
    throw new BootstrapError('Forebay runs on Linux and macOS; on Windows, use WSL 2');
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
    const wanted = MIN_NODE.join('.');
    throw new BootstrapError(
      `Node.js ${wanted} or later is needed; this is ${process.versions.node}`,
    );
  }
}

/** Throws, naming what to install, unless every tool is there. */
export function requireTools(names) {
  const missing = names.filter((name) => !candidates(name).some(isOnPath));
  if (missing.length === 0) return;
  const packages = (manager) => missing.map((name) => PACKAGES[name][manager]).join(' ');
  const macos = [...new Set(missing.map((name) => PACKAGES[name].macos))].join('; ');
  throw new BootstrapError(
    `missing: ${missing.join(', ')}\n` +
      `  Debian, Ubuntu: apt-get install ${packages('apt')}\n` +
      `  Fedora, RHEL:   dnf install ${packages('dnf')}\n` +
      `  macOS:          ${macos}`,
  );
}

/** The npm to run: the one that runs this script, if one does. */
export function npmCommand() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js') && existsSync(script)) {
    return { command: process.execPath, args: [script] };
  }
  requireTools(['npm']);
  return { command: 'npm', args: [] };
}

/**
 * The prefix whose include/node has this Node's own headers, or `undefined` where they are not
 * installed: node-gyp then downloads them.
 */
export function nodeHeaderPrefix(root) {
  const installed = dirname(dirname(process.execPath));
  const packaged = join(root, 'node_modules', `node-${process.platform}-${process.arch}`);
  return [installed, packaged].find((prefix) =>
    existsSync(join(prefix, 'include/node/node_api.h')),
  );
}

/** True when tools may keep their caches where they like to, in the home directory. */
export function homeIsWritable() {
  try {
    accessSync(process.env.HOME || homedir(), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Names under which a tool may be installed; `CXX` overrides the compiler, as it does for make. */
function candidates(name) {
  if (name !== 'g++') return [name];
  const chosen = process.env.CXX;
  return chosen ? [chosen.split(' ')[0]] : ['g++', 'c++', 'clang++'];
}

function isOnPath(name) {
  const places = isAbsolute(name) ? [''] : (process.env.PATH ?? '').split(delimiter);
  return places.some((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
