/**
 * Makes the package, forebay-VERSION.tgz: what package.json's `files` names, and the C sources of
 * BLAKE3 beside it, which a plain `npm pack` would leave out. Called by `npm run package`;
 * arguments go to `npm pack`. Works on a copy: the checkout stays as it is.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PACKAGED_BLAKE3 } from './lib/addon.mjs';
import { npmCommand } from './lib/toolchain.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BLAKE3 = join(ROOT, 'node_modules/@c4312/blake3-native/c');

/** What binding.gyp compiles and includes, on every platform that Forebay runs on; what it is. */
const WANTED =
  /^(?:README\.md|blake3(?:\.[ch]|_(?:impl\.h|dispatch\.c|portable\.c|neon\.c|\w+_x86-64_unix\.S)))$/;

/** npm takes these into every package. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE'];

const copy = mkdtempSync(join(tmpdir(), 'forebay-package-'));
try {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  // npm applies the patterns; here the folder that a pattern begins with is enough.
  for (const path of [...ALWAYS, ...files.filter(isIncluded).map(folderOf)]) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  for (const name of readdirSync(BLAKE3).filter((name) => WANTED.test(name))) {
    cpSync(join(BLAKE3, name), join(copy, PACKAGED_BLAKE3, name));
  }
  const { command, args } = npmCommand();
  // The caller's own arguments come last: npm heeds the last of two destinations.
  const pack = ['pack', '--pack-destination', process.cwd(), ...process.argv.slice(2)];
  const { status } = spawnSync(command, [...args, ...pack], { cwd: copy, stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** False for a pattern that leaves files out. */
function isIncluded(pattern) {
  return !pattern.startsWith('!');
}

/** The folder or file that a pattern begins with. */
function folderOf(pattern) {
  return pattern.replace(/\/\*.*$/, '');
}
