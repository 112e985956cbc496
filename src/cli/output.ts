/**
 * A command's output: results to standard output, as text or as JSON, remarks to standard error,
 * colours only on terminals (https://no-color.org).
 */
import { styleText } from 'node:util';
import type { CommonFlags } from './options.js';
import type { Terminal } from './terminal.js';

/** Styles of commands; each repeats what the words say. */
export type Style = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

export class Output {
  readonly #terminal: Terminal;
  readonly #flags: Pick<CommonFlags, 'json' | 'quiet'>;

  constructor(terminal: Terminal, flags: Pick<CommonFlags, 'json' | 'quiet'>) {
    this.#terminal = terminal;
    this.#flags = flags;
  }

  /** Prints a result: `value` as JSON if requested, else `text()`, a line or more. */
  result(value: unknown, text: () => string): void {
    if (this.#flags.json) this.#terminal.out(`${JSON.stringify(value, null, 2)}\n`);
    else if (!this.#flags.quiet) this.#terminal.out(endedLine(text()));
  }

  /** Prints a remark beside the result. */
  note(text: string): void {
    if (!this.#flags.quiet) this.#terminal.err(endedLine(`forebay: ${text}`));
  }

  /** Prints an error, also with `--quiet`. */
  error(text: string): void {
    this.#terminal.err(endedLine(`forebay: ${text}`));
  }

  /** `text` in a style where results are looked at on a screen that may be coloured. */
  paint(style: Style, text: string): string {
    return this.#terminal.outIsScreen && mayColour(this.#terminal)
      ? styleText(style, text, { validateStream: false })
      : text;
  }
}

/** NO_COLOR, set to anything, forbids colours, and so does a terminal without colours. */
export function mayColour({ env }: Terminal): boolean {
  const noColor = env['NO_COLOR'] ?? '';
  return noColor === '' && env['TERM'] !== 'dumb';
}

function endedLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
