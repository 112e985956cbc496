/**
 * The shutdown as a table: what is closed, in which order, and why there. A step that fails is
 * logged and stops no other, because the last ones release the lock of the cache directory.
 */
import type { Log } from '../telemetry/log.js';

/** One step. `why` says what would break if it came earlier or later. */
export interface ShutdownStep {
  readonly name: string;
  readonly why: string;
  readonly run: () => unknown;
}

/** Runs `steps` one after the other, to the last, whatever fails. Never rejects. */
export async function shutDown(
  steps: readonly ShutdownStep[],
  log: Pick<Log, 'error'>,
): Promise<void> {
  for (const { name, run } of steps) {
    try {
      await run();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ step: name, reason }, 'a shutdown step failed; the others go on');
    }
  }
}
