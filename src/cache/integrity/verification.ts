/**
 * First-read verification: a held chunk that this process did not write is re-hashed once, ahead of
 * its first reader. Its readers see a growing file, so hits take the same path as misses.
 */
import type { SharedWatermark } from '../../compute/watermark.js';
import { ForebayError } from '../../model/errors.js';
import type { HeldChunk, ObjectHandle } from '../../model/store.js';
import { stalledOr } from '../../model/transfer.js';
import { orderFrom } from '../../model/write-order.js';
import type { ChunkOffset } from '../../model/offset.js';
import type { ChunkView } from '../flight/flight.js';
import { type ChunkProgress, HELD_PROGRESS } from '../flight/flight-progress.js';
import type { CacheServices } from '../api/services.js';

export class Verification {
  /** Resolves to true when the chunk matches its ids, else to false. Never rejects. */
  readonly outcome: Promise<boolean>;
  readonly #watermark: SharedWatermark;
  #error: unknown;

  /** Takes over `held` and releases it at the end. Begins with the group that has byte `from`. */
  constructor(
    services: CacheServices,
    object: ObjectHandle,
    held: HeldChunk,
    from: ChunkOffset = 0,
  ) {
    this.#watermark = services.watermarks.create(orderFrom(from, held.record.lengthBytes));
    this.outcome = this.#run(services, object, held).catch((error: unknown) => {
      this.#error = error;
      this.#watermark.fail();
      return false;
    });
  }

  /** True once the bytes are known to be wrong or unreadable, maybe before the chunk is dropped. */
  get hasFailed(): boolean {
    return this.#watermark.state === 'failed';
  }

  /** Why the outcome is false: `stored-corrupt`, or the error that prevented the check. */
  get failure(): unknown {
    return this.#error;
  }

  /** Returns a view for a reader; the view takes over `held`, the reader's lease of the chunk. */
  view(held: HeldChunk): ChunkView {
    return {
      file: held.file,
      watermark: this.#watermark,
      failure: () => this.#error,
      progress: (nowMs) => this.#progress(nowMs),
      release: () => {
        held.release();
      },
    };
  }

  /** Returns the progress; bytes from the disk do not count as received. */
  #progress(nowMs: number): ChunkProgress {
    const { state, activeAtMs } = this.#watermark;
    if (state !== 'growing') return HELD_PROGRESS;
    const idleMs = activeAtMs === 0 ? 0 : nowMs - activeAtMs;
    return { ...HELD_PROGRESS, state: stalledOr(idleMs, 'disk', { kind: 'verifying' }) };
  }

  async #run(services: CacheServices, object: ObjectHandle, held: HeldChunk): Promise<boolean> {
    const { record } = held;
    const { lengthBytes, chunkSizeBytes } = object.identity;
    try {
      const result = await services.pools.verify.verify({
        kind: 'verify',
        fd: held.file.fd,
        start: record.index * chunkSizeBytes,
        lengthBytes: record.lengthBytes,
        groupIds: record.groupIds,
        wholeObject: lengthBytes !== null && lengthBytes <= chunkSizeBytes,
        watermark: this.#watermark.shared,
      });
      switch (result.kind) {
        case 'verified':
          held.markVerified();
          services.events.chunkVerified();
          return true;
        case 'mismatch':
          await this.#heal(services, object, record.index, 'corrupt');
          return false;
        case 'unreadable':
          await this.#heal(services, object, record.index, 'unreadable');
          return false;
      }
    } finally {
      held.release();
    }
  }

  /** Drops a damaged chunk, then fails its readers, whose next attempt finds a miss. */
  async #heal(
    services: CacheServices,
    object: ObjectHandle,
    index: number,
    reason: 'corrupt' | 'unreadable',
  ): Promise<void> {
    services.events.chunkMismatched('disk');
    const message = `stored chunk ${String(index)} was ${reason} and has been dropped`;
    this.#error = new ForebayError('stored-corrupt', message, {
      source: 'internal',
      retryable: true,
    });
    await services.chunks.drop(object, index, reason);
    this.#watermark.fail();
  }
}
