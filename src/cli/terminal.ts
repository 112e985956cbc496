/** The parts of the process that commands use, passed in so that tests need no child process. */

/** Signals for an orderly shutdown. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes results of commands to standard output. */
  out(text: string): void;
  /** Writes messages to standard error. */
  err(text: string): void;
  /** True when standard output, or standard error, is a terminal. */
  readonly outIsScreen: boolean;
  readonly errIsScreen: boolean;
  /** Returns the screen's present width in characters. */
  columns(): number;
  /** Calls `callback` for every stop signal; the returned function stops that. */
  onStopSignal(callback: (signal: StopSignal) => void): () => void;
  /**
   * Calls `callback` for every SIGHUP, which requests a reload; the returned function stops that.
   */
  onReloadSignal(callback: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The width if standard error is no terminal. */
const USUAL_COLUMNS = 80;

/** Ignores write errors: when the reader of a pipe has exited (`| head`), the work goes on. */
function outlivesItsReader(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.on('error', () => undefined);
}

const stdout = outlivesItsReader(process.stdout);
const stderr = outlivesItsReader(process.stderr);

/** The terminal of this process. */
export const processTerminal: Terminal = {
  env: process.env,
  out: (text) => {
    stdout.write(text);
  },
  err: (text) => {
    stderr.write(text);
  },
  outIsScreen: stdout.isTTY,
  errIsScreen: stderr.isTTY,
  columns: () => (stderr.isTTY ? stderr.columns : USUAL_COLUMNS),
  onStopSignal(callback) {
    const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
    for (const signal of signals) process.on(signal, callback);
    return () => {
      for (const signal of signals) process.off(signal, callback);
    };
  },
  onReloadSignal(callback) {
    process.on('SIGHUP', callback);
    return () => {
      process.off('SIGHUP', callback);
    };
  },
  exit: (code) => process.exit(code),
};
