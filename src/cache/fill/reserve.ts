/**
 * Waits for room for one chunk, within a bound, and makes less important users of room give it
 * back.
 */
import type { Priority } from '../../compute/fill-pool.js';
import { deferred } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { ChunkDraft, Placement } from '../../model/store.js';
import type { Clock } from '../../model/time.js';
import type { CacheServices } from '../api/services.js';

/**
 * The longest a demanded chunk waits for room: leases move on as readers do, in well under this.
 */
export const RESERVE_WAIT_MS = 10_000;

/** Room appears when some reader finishes a chunk: at full speed every few milliseconds. */
const RESERVE_POLL_MS = 20;

/**
 * After this long without room, verifications give up the chunks that they keep for their hasher.
 */
const GIVE_UP_AFTER_MS = 1_000;

/**
 * A draft of `lengthBytes`. Read-ahead takes what room there is or fails at once with `no-space`;
 * demand waits up to `RESERVE_WAIT_MS`.
 */
export async function reserve(
  services: CacheServices,
  lengthBytes: number,
  priority: Priority,
  placement: Placement | undefined,
): Promise<ChunkDraft> {
  const { chunks, clock, pressure } = services;
  const since = clock.monotonic();
  for (;;) {
    try {
      return await chunks.draft(lengthBytes, placement);
    } catch (error) {
      if (!isNoSpace(error) || priority === 'read-ahead') throw error;
      const waited = clock.monotonic() - since;
      if (waited > RESERVE_WAIT_MS) throw error;
      pressure.relieve('read-ahead');
      if (waited > GIVE_UP_AFTER_MS) pressure.relieve('verification');
      await pause(clock, RESERVE_POLL_MS);
    }
  }
}

function isNoSpace(error: unknown): boolean {
  return error instanceof ForebayError && error.code === 'no-space';
}

function pause(clock: Clock, ms: number): Promise<void> {
  const over = deferred<undefined>();
  clock.after(ms, () => {
    over.resolve(undefined);
  });
  return over.promise;
}
