/**
 * Every process that a run starts, so that none outlives it: ended with their run, and killed when
 * this process exits in whatever way it can still notice. Long-running ones have a process group of
 * their own, because some peers fork.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { deferred } from '#src/model/deferred.js';
import { systemClock } from '#src/model/time.js';

/** How long a process may take to end when it is asked to; then its group is killed. */
const END_TIMEOUT_MS = 8_000;

/** Of a process that failed: its last words. */
const LOG_TAIL_CHARACTERS = 2_000;

/** What a tool prints is one JSON object or a version: far less. */
const MAX_TOOL_OUTPUT_BYTES = 4 * 1024 * 1024;

const execute = promisify(execFile);

export interface LongRunning {
  readonly pid: number;
  /** The last of what it wrote; empty when it is not written to a file. */
  readonly said: () => string;
  readonly hasEnded: () => boolean;
  readonly child: ChildProcess;
  /** Resolves when it is gone. */
  end(): Promise<void>;
}

export class Processes {
  readonly #running = new Set<ChildProcess>();
  readonly #signal: AbortSignal;
  readonly #onExit = (): void => {
    for (const child of this.#running) killGroup(child, 'SIGKILL');
  };

  /** `signal` ends the tools that are waited for; long-running ones end with `endAll`. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    process.on('exit', this.#onExit);
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  /**
   * Starts a server. What it prints goes to `logFile`, but for its output if `pipeOutput` is set.
   */
  start(
    command: readonly string[],
    options: {
      readonly logFile: string;
      readonly cwd?: string;
      readonly env?: NodeJS.ProcessEnv;
      /** Its standard input stays open as long as this process lives. */
      readonly holdInput?: boolean;
      readonly pipeOutput?: boolean;
    },
  ): LongRunning {
    this.#signal.throwIfAborted();
    const [program = '', ...args] = command;
    const log = openSync(options.logFile, 'a');
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: [
        options.holdInput === true ? 'pipe' : 'ignore',
        options.pipeOutput === true ? 'pipe' : log,
        log,
      ],
    });
    closeSync(log);
    return this.adopt(child, () =>
      readFileSync(options.logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS),
    );
  }

  /** Takes over a process that was started elsewhere. */
  adopt(child: ChildProcess, said: () => string = () => ''): LongRunning {
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    // Without a listener a program that is not there would end this process.
    child.once('error', () => this.#running.delete(child));
    return {
      pid: child.pid ?? 0,
      child,
      said,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      end: () => endProcess(child),
    };
  }

  /**
   * Runs a program to its end and resolves to its output; rejects when it fails or takes too long.
   */
  run(command: readonly string[], timeoutMs: number): Promise<string> {
    return this.startTool(command, timeoutMs).output;
  }

  /** As `run`; `stop` asks it to end. */
  startTool(
    command: readonly string[],
    timeoutMs: number,
  ): { readonly output: Promise<string>; readonly stop: () => void } {
    this.#signal.throwIfAborted();
    const [program = '', ...args] = command;
    const running = execute(program, args, {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_TOOL_OUTPUT_BYTES,
      signal: this.#signal,
    });
    const { child } = running;
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    const output = running.then(({ stdout }) => stdout);
    // Whoever stops it may never look at its output.
    output.catch(() => undefined);
    return { output, stop: () => child.kill('SIGTERM') };
  }

  /** Ends everything that still runs, and forgets about the exit of this process. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map(endProcess));
    process.off('exit', this.#onExit);
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = deferred<undefined>();
  child.once('exit', () => {
    exited.resolve(undefined);
  });
  const cancel = systemClock.after(END_TIMEOUT_MS, () => {
    killGroup(child, 'SIGKILL');
  });
  child.kill('SIGTERM');
  await exited.promise;
  cancel();
  // What a dead leader has left behind.
  killGroup(child, 'SIGKILL');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  for (const target of [-child.pid, child.pid]) {
    try {
      process.kill(target, signal);
    } catch {
      // Gone already, or no group of its own.
    }
  }
}
