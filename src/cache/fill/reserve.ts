/** Reserves room for one chunk: waits within a bound, and releases what is less urgent. */
import type { Priority } from '../../compute/fill-pool.js';
import { deferred } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { ChunkDraft, Placement } from '../../model/store.js';
import type { Clock } from '../../model/time.js';
import type { CacheServices } from '../api/services.js';

/** The longest wait for room, for a demanded chunk: readers release their leases much sooner. */
export const RESERVE_WAIT_MS = 10_000;

/** Pause between attempts: at full speed a reader finishes a chunk every few milliseconds. */
const RESERVE_POLL_MS = 20;

/** After this long without room, verifications release the chunks kept for their hasher. */
const GIVE_UP_AFTER_MS = 1_000;

/**
 * Returns a draft of `lengthBytes`. Without room it rejects with `no-space`: at once for
 * read-ahead, after `RESERVE_WAIT_MS` for demand.
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
