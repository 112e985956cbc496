/**
 * Cancels the work of a command at the first stop signal; a second one ends the process at once.
 * Used by commands that take a while.
 */
import { EXIT_INTERRUPTED } from './exit-codes.js';
import type { Output } from './output.js';
import type { Terminal } from './terminal.js';

export interface Cancelling {
  /** True from the first signal on. */
  readonly asked: boolean;
  /** Stops listening for signals. */
  close(): void;
}

/**
 * Calls `cancel` at the first stop signal, with a note that includes `kept`: which results stay.
 */
export function cancelOnSignal(
  terminal: Terminal,
  output: Output,
  kept: string,
  cancel: () => Promise<void>,
): Cancelling {
  let isCancelled = false;
  const close = terminal.onStopSignal((signal) => {
    if (isCancelled) {
      terminal.exit(EXIT_INTERRUPTED);
      return;
    }
    isCancelled = true;
    output.note(`${signal}: cancelling; ${kept}; signal again to end at once`);
    cancel().catch((error: unknown) => {
      output.error(`cannot cancel: ${error instanceof Error ? error.message : String(error)}`);
    });
  });
  return {
    get asked() {
      return isCancelled;
    },
    close,
  };
}
