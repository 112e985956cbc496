/**
 * Runs one compiled test file in a process of its own and reads what it says. Not through tap's
 * runner: that loads its instruments into every worker thread which a test starts, and the suite
 * takes four times as long.
 */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** A file that does not end when asked to is killed after this. */
const KILL_AFTER_MS = 5000;

/**
 * Resolves to what the file reported. It is in order when it exited with 0 and printed its totals:
 * one that died in the middle printed none.
 */
export async function runTestFile(file, { cwd, timeoutS }) {
  const begin = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutS) },
  });
  let timedOut = false;
  const timers = [
    setTimeout(() => {
      timedOut = true;
      child.kill('SIGTERM');
    }, timeoutS * 1000),
    setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000 + KILL_AFTER_MS),
  ];
  const said = [];
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text) => said.push(text));
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
    child.once('error', (error) => resolve(error.message));
  });
  const { lines, totals } = await readTap(createInterface({ input: child.stdout }));
  const end = await ended;
  for (const timer of timers) clearTimeout(timer);
  return {
    ok: end === 0 && totals !== undefined && totals.fail === 0,
    end: timedOut ? `no end within ${timeoutS} s` : end,
    lines,
    stderr: said.join(''),
    passed: totals?.pass ?? 0,
    failed: totals?.fail ?? 0,
    skipped: totals?.skip ?? 0,
    seconds: (performance.now() - begin) / 1000,
  };
}

/** The lines of a TAP 14 stream, and the totals that tap puts at its end. */
async function readTap(input) {
  const lines = [];
  let totals;
  for await (const line of input) {
    const found = /^# \{ (.*) \}$/.exec(line);
    if (found === null) {
      lines.push(line);
      continue;
    }
    const pairs = found[1].split(', ').map((pair) => pair.split(': '));
    const counts = pairs.map(([key, count]) => [key, Number(count)]);
    totals = { pass: 0, fail: 0, skip: 0, ...Object.fromEntries(counts) };
  }
  return { lines, totals };
}
