/**
 * Runs the compiled tests, a few files side by side, and says how each ended. Called by `npm test`
 * after the bootstrap. Arguments select files by a part of their path. The last line is
 * `N passed, N failed`, counted in assertions.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runTestFile } from './lib/test-file.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Test files run side by side. Each may start servers and threads of its own: two suit a laptop.
 */
const JOBS = 2;

/** The longest that one file may take. */
const FILE_TIMEOUT_S = 300;

const filters = process.argv.slice(2);
const files = readdirSync(join(ROOT, 'test'), { recursive: true })
  .filter((path) => path.endsWith('.test.ts'))
  .filter((path) => filters.length === 0 || filters.some((part) => `test/${path}`.includes(part)))
  .sort()
  .map((path) => `dist-dev/test/${path.replace(/\.ts$/, '.js')}`);
const uncompiled = files.filter((file) => !existsSync(join(ROOT, file)));

if (files.length === 0 || uncompiled.length > 0) {
  const what = files.length === 0 ? 'no test file fits' : `not compiled: ${uncompiled.join(', ')}`;
  process.stdout.write(`${what}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
} else {
  process.exitCode = await runAll();
}

/** Runs the files and resolves to the exit code. */
async function runAll() {
  const begin = performance.now();
  const summary = { passed: 0, failed: 0, skipped: 0, inOrder: 0 };
  const waiting = [...files];
  const job = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runTestFile(file, { cwd: ROOT, timeoutS: FILE_TIMEOUT_S });
      tell(file, result);
      summary.passed += result.passed;
      // A file that died is a failure even where no assertion was.
      summary.failed += result.ok ? 0 : Math.max(1, result.failed);
      summary.skipped += result.skipped;
      summary.inOrder += result.ok ? 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: JOBS }, job));

  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  const skipped = summary.skipped === 0 ? '' : `, ${summary.skipped} assertions skipped`;
  process.stdout.write(
    `\n${summary.inOrder} of ${files.length} files passed in ${seconds} s${skipped}; assertions:\n` +
      `${summary.passed} passed, ${summary.failed} failed\n`,
  );
  return summary.failed === 0 ? 0 : 1;
}

/** A line for a file in order, with what it skipped; all that matters of one that is not. */
function tell(file, { ok, end, lines, stderr, seconds }) {
  const time = `${seconds.toFixed(1)} s`;
  if (ok) {
    const skips = lines.filter((line) => / # skip/i.test(line));
    const notes = skips.map((line) => `       ${line.trim()}\n`).join('');
    process.stdout.write(`ok     ${file} ${time}\n${notes}`);
    return;
  }
  const why = end === 0 || end === 1 ? '' : ` (${end})`;
  const rest = lines.filter((line) => !/^ *ok \d+ - /.test(line) && line.trim() !== '');
  process.stdout.write(`not ok ${file} ${time}${why}\n${rest.join('\n')}\n${stderr}`);
}
