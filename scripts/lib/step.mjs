/**
 * Runs one step of the bootstrap as a child process and says how long it took, on standard error.
 * Its output is kept back and shown only when it fails.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** Output of a failing compiler can be long; what is beyond this is cut off at its beginning. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Ends the bootstrap with a message and no stack trace. */
export class BootstrapError extends Error {}

/** Writes one line for people. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs `command` with `args` in `cwd`; throws `BootstrapError` when it fails.
 * @param {{title: string, command: string, args: string[], cwd: string, env?: object}} step
 */
export function runStep({ title, command, args, cwd, env = process.env }) {
  process.stderr.write(`${title} ... `);
  const begin = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (status === 0) {
    say(`${seconds} s`);
    return;
  }
  say(`failed after ${seconds} s`);
  process.stderr.write(stdout ?? '');
  process.stderr.write(stderr ?? '');
  const how = error?.message ?? (signal === null ? `exit code ${status}` : `signal ${signal}`);
  throw new BootstrapError(`${[command, ...args].join(' ')}: ${how}`);
}
