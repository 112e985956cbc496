/**
 * Runs the compiled tests with tap and says how each file ended. Called by `npm test` after the
 * bootstrap. Arguments that begin with a dash go to tap; the others select files by a part of their
 * path. The last line is `N passed, N failed`, counted in assertions.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Test files run side by side. Each may start servers and threads of its own: two suit a laptop. */
const JOBS = 2;

/** The longest that one file may take. */
const FILE_TIMEOUT_S = 300;

const args = process.argv.slice(2);
const tapArguments = args.filter((arg) => arg.startsWith('-'));
const filters = args.filter((arg) => !arg.startsWith('-'));

const sources = readdirSync(join(ROOT, 'test'), { recursive: true })
  .filter((path) => path.endsWith('.test.ts'))
  .filter((path) => filters.length === 0 || filters.some((part) => `test/${path}`.includes(part)))
  .sort();
const files = sources.map((path) => `dist-dev/test/${path.replace(/\.ts$/, '.js')}`);
const uncompiled = files.filter((file) => !existsSync(join(ROOT, file)));

if (files.length === 0 || uncompiled.length > 0) {
  const what = files.length === 0 ? 'no test file fits' : `not compiled: ${uncompiled.join(', ')}`;
  process.stdout.write(`${what}\n0 passed, 1 failed\n`);
  process.exitCode = 1;
} else {
  process.exitCode = await runTap();
}

/** Runs tap over the files; resolves to the exit code. */
async function runTap() {
  const begin = performance.now();
  const tap = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules/tap/dist/esm/run.mjs'),
      'run',
      '--disable-coverage',
      '--reporter=tap',
      `--jobs=${JOBS}`,
      `--timeout=${FILE_TIMEOUT_S}`,
      ...tapArguments,
      ...files,
    ],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise((resolve) => {
    tap.once('close', (code) => resolve(code ?? 1));
    tap.once('error', () => resolve(1));
  });
  const summary = await report(createInterface({ input: tap.stdout }));
  const code = await ended;

  // A file that died, or tap itself, is a failure even where no assertion was.
  const failed = Math.max(summary.failed, summary.failedFiles, code === 0 ? 0 : 1);
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  const skipped = summary.skipped === 0 ? '' : `, ${summary.skipped} assertions skipped`;
  const inOrder = summary.files - summary.failedFiles;
  process.stdout.write(
    `\n${inOrder} of ${files.length} files passed in ${seconds} s${skipped}; assertions:\n` +
      `${summary.passed} passed, ${failed} failed\n`,
  );
  return failed === 0 ? 0 : 1;
}

/** Reads TAP 14: a line for each file that passed, everything about one that did not. */
async function report(lines) {
  const summary = { passed: 0, failed: 0, skipped: 0, files: 0, failedFiles: 0 };
  let block = [];
  // What tap says of a file that failed, such as its signal, follows the line of the file.
  let explaining = false;
  for await (const line of lines) {
    const result = /^(not )?ok \d+ - (.*?)(?: # time=(\S+))?$/.exec(line);
    const totals = /^# \{ (.*) \}$/.exec(line);
    if (explaining && (line.startsWith('  ') || line === '')) {
      process.stdout.write(`${line}\n`);
      explaining = line !== '  ...';
    } else if (result !== null) {
      summary.files += 1;
      const [, failing, name, time = ''] = result;
      if (failing === undefined) {
        process.stdout.write(`ok     ${name} ${time}\n`);
        for (const skip of block.filter((inner) => / # skip/i.test(inner))) {
          process.stdout.write(`       ${skip.trim()}\n`);
        }
      } else {
        summary.failedFiles += 1;
        process.stdout.write(`not ok ${name} ${time}\n${withoutPassed(block).join('\n')}\n`);
      }
      block = [];
      explaining = failing !== undefined;
    } else if (totals !== null) {
      for (const [, key, count] of totals[1].matchAll(/(\w+): (\d+)/g)) {
        if (key === 'pass') summary.passed = Number(count);
        if (key === 'fail') summary.failed = Number(count);
        if (key === 'skip') summary.skipped = Number(count);
      }
    } else {
      block.push(line);
    }
  }
  return summary;
}

function withoutPassed(block) {
  return block.filter((line) => !/^ +ok \d+ - /.test(line) && line.trim() !== '');
}
