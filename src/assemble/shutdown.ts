/**
 * Closes the parts of the program in the order of a table. A step that fails is logged, and the
 * others still run, because a late one frees the lock of the cache directory. Used by assemble.
 */
import type { Log } from '../telemetry/log.js';

/** One step. `why` gives the reason for its position. */
export interface ShutdownStep {
  readonly name: string;
  readonly why: string;
  readonly run: () => unknown;
}

/** Runs all `steps` in order, even if some fail. Never rejects. */
export async function shutDown(
  steps: readonly ShutdownStep[],
  log: Pick<Log, 'error'>,
): Promise<void> {
  for (const { name, run } of steps) {
    try {
      await run();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ step: name, reason }, 'a part failed to close; the shutdown goes on');
    }
  }
}
