/** What commands use of the process, passed in so that tests need no child process. */

/** Signals that request an orderly end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results of commands. */
  out(text: string): void;
  /** Messages for people. */
  err(text: string): void;
  /** Whether results and messages go to a terminal. */
  readonly outIsScreen: boolean;
  readonly errIsScreen: boolean;
  /** The screen's width in characters, now. */
  columns(): number;
  /** Calls back for every stop signal; the returned function ends that. */
  onStopSignal(callback: (signal: StopSignal) => void): () => void;
  /** Calls back at each SIGHUP; the returned function ends that. */
  onReloadSignal(callback: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The usual default. */
const USUAL_COLUMNS = 80;

/** The reader of this output has gone (`| head`): the work goes on without it. */
function outlivesItsReader(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.on('error', () => undefined);
}

const stdout = outlivesItsReader(process.stdout);
const stderr = outlivesItsReader(process.stderr);

/** The process that this is. */
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
