/**
 * What every command is given, made by program.ts once. Types alone, and the way a command ends.
 */
import type { Clock } from '../model/time.js';
import type { Assemble } from './serve.js';
import type { Terminal } from './terminal.js';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly clock: Clock;
  /** Returns `assemble`; loads the whole program, so only commands that need it call it. */
  readonly loadAssemble: () => Promise<Assemble>;
  /** Sets the exit code; `EXIT_OK` by default. */
  readonly end: (exitCode: number) => void;
}
