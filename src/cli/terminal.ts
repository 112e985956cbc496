/** What commands use of the process, passed in so that tests need no child process. */

/** Signals that ask for an orderly end. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results of commands. */
  out(text: string): void;
  /** Messages for people. */
  err(text: string): void;
  /** Calls back for every stop signal; the returned function ends that. */
  onStopSignal(callback: (signal: StopSignal) => void): () => void;
  /** Calls back whenever a reload is asked for (SIGHUP); the returned function ends that. */
  onReloadSignal(callback: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The process that this is. */
export const processTerminal: Terminal = {
  env: process.env,
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
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
