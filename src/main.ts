#!/usr/bin/env node
/** The program `forebay`: rejects unsupported platforms, then runs the command line. */
import { EXIT_CONFIG } from './cli/exit-codes.js';
import { platformObjection } from './cli/platform.js';
import { processTerminal } from './cli/terminal.js';

/** The process is ended this long after its command, even if a leaked handle keeps it alive. */
const LEAK_GRACE_MS = 2000;

/**
 * The longest interval that Node accepts, about 24 days. A timer of this length keeps the process
 * alive while the command runs, because the command's own timers and idle sockets do not.
 */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const objection = platformObjection(process.platform, process.versions.node);
if (objection === null) {
  // Imported after the check, because a Node that is too old may not even parse the rest.
  const { runProgram } = await import('./cli/program.js');
  const running = setInterval(() => undefined, LONGEST_TIMER_MS);
  process.exitCode = await runProgram(process.argv.slice(2), processTerminal, loadAssemble);
  clearInterval(running);
  setTimeout(() => process.exit(), LEAK_GRACE_MS).unref();
} else {
  process.stderr.write(`forebay: ${objection}\n`);
  process.exitCode = EXIT_CONFIG;
}

/**
 * Loads room after room, in import order. Node.js opens all modules of one import at the same time:
 * with few descriptors (`ulimit -n 150`) the program could not even start.
 */
async function loadAssemble() {
  await import('./origin/upstreams.js');
  await import('./store/open-store.js');
  await import('./compute/pools.js');
  await import('./cache/fill/fill.js');
  await import('./cache/answer/cache.js');
  await import('./hub/mirror.js');
  await import('./http/server.js');
  await import('./admin/api.js');
  return (await import('./assemble.js')).assemble;
}
