/**
 * Lets a signal cancel a command's work in order: the first signal cancels, a second one ends at
 * once. Used by commands that take a while.
 */
import { EXIT_INTERRUPTED } from './exit-codes.js';
import type { Output } from './output.js';
import type { Terminal } from './terminal.js';

export interface Cancelling {
  /** True from the first signal on. */
  readonly asked: boolean;
  /** Signals have their usual effect again. */
  close(): void;
}

/** Calls `cancel` at the first stop signal; `kept` describes what stays as it is then. */
export function cancelOnSignal(
  terminal: Terminal,
  output: Output,
  kept: string,
  cancel: () => Promise<void>,
): Cancelling {
  let asked = false;
  const close = terminal.onStopSignal((signal) => {
    if (asked) {
      terminal.exit(EXIT_INTERRUPTED);
      return;
    }
    asked = true;
    output.note(`${signal}: cancelling; ${kept}; again to end at once`);
    cancel().catch((error: unknown) => {
      output.error(`cannot cancel: ${error instanceof Error ? error.message : String(error)}`);
    });
  });
  return {
    get asked() {
      return asked;
    },
    close,
  };
}
