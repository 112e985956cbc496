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
  /** Gives `assemble`; only who needs it asks, because it loads all of the program. */
  readonly loadAssemble: () => Promise<Assemble>;
  /** Says what the process ends with; `EXIT_OK` where nobody says. */
  readonly end: (exitCode: number) => void;
}
