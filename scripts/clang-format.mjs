/**
 * Formats everything in native/ and bench/native/ with clang-format (.clang-format), or with
 * `--check` only says which files differ and exits with 1. `npm run format` and `npm run lint` call
 * it.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = /\.(c|cc|h)$/;

const sources = ['native', 'bench/native']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .filter((name) => SOURCE.test(name))
      .map((name) => join(folder, name)),
  )
  .sort();

const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const { error, status } = spawnSync('clang-format', [...mode, '--style=file', ...sources], {
  cwd: ROOT,
  stdio: 'inherit',
});

if (error !== undefined) {
  const missing = error.code === 'ENOENT';
  process.stderr.write(
    missing
      ? 'clang-format is missing: install it (Debian: apt-get install clang-format)\n'
      : `clang-format did not run: ${error.message}\n`,
  );
  process.exitCode = 1;
} else {
  process.exitCode = status ?? 1;
}
