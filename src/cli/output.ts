/**
 * Prints a command's output: results to standard output, as text or JSON, and notes to standard
 * error. Uses colours on a terminal only (https://no-color.org).
 */
import { styleText } from 'node:util';
import type { CommonFlags } from './options.js';
import type { Terminal } from './terminal.js';

/** Styles that commands use. The text always has the same information without them. */
export type Style = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

export class Output {
  readonly #terminal: Terminal;
  readonly #flags: Pick<CommonFlags, 'json' | 'quiet'>;

  constructor(terminal: Terminal, flags: Pick<CommonFlags, 'json' | 'quiet'>) {
    this.#terminal = terminal;
    this.#flags = flags;
  }

  /** Prints a result: `value` as JSON with --json, else `text()`, one or more lines. */
  result(value: unknown, text: () => string): void {
    if (this.#flags.json) this.#terminal.out(`${JSON.stringify(value, null, 2)}\n`);
    else if (!this.#flags.quiet) this.#terminal.out(endedLine(text()));
  }

  /** Prints a note about the work, except with --quiet. */
  note(text: string): void {
    if (!this.#flags.quiet) this.#terminal.err(endedLine(`forebay: ${text}`));
  }

  /** Prints an error, even with --quiet. */
  error(text: string): void {
    this.#terminal.err(endedLine(`forebay: ${text}`));
  }

  /** Returns `text` in a style, if results go to a terminal with colours; else unchanged. */
  paint(style: Style, text: string): string {
    return this.#terminal.outIsScreen && mayColour(this.#terminal)
      ? styleText(style, text, { validateStream: false })
      : text;
  }
}

/** Returns false when NO_COLOR is set and not empty, or when the terminal has no colours. */
export function mayColour({ env }: Terminal): boolean {
  const noColor = env['NO_COLOR'] ?? '';
  return noColor === '' && env['TERM'] !== 'dumb';
}

function endedLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
