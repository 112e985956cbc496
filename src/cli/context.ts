/** The context of every command, which program.ts creates once. Types only. */
import type { Clock } from '../model/time.js';
import type { Assemble } from './serve.js';
import type { Terminal } from './terminal.js';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly clock: Clock;
  /**
   * Imports `assemble`. Called only by commands that need it, because it loads the whole program.
   */
  readonly loadAssemble: () => Promise<Assemble>;
  /** Sets the exit code of the process, which is `EXIT_OK` otherwise. */
  readonly end: (exitCode: number) => void;
}
