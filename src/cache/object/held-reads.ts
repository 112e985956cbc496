/**
 * Opens held chunks for readers. A chunk that this process has not yet compared with its ids is
 * verified once, however many readers it has. Owned by a Generation.
 */
import type { HeldChunk, ObjectHandle } from '../../model/store.js';
import type { ChunkView } from '../flight/flight.js';
import { HELD_PROGRESS } from '../flight/flight-progress.js';
import type { CacheServices } from '../api/services.js';
import { Verification } from '../integrity/verification.js';

export class HeldReads {
  readonly #services: CacheServices;
  readonly #verifications = new Map<number, Verification>();
  readonly #onIdle: () => void;
  /** Chunks to compare with their ids again, even if verified, because a read of them failed. */
  readonly #doubted = new Set<number>();

  /** `onIdle` is called when the last verification in progress has ended. */
  constructor(services: CacheServices, onIdle: () => void) {
    this.#services = services;
    this.#onIdle = onIdle;
  }

  /** The number of verifications in progress. */
  get size(): number {
    return this.#verifications.size;
  }

  /** Records a failed read: the next reader verifies the chunk again and drops it if corrupt. */
  doubt(index: number): void {
    this.#doubted.add(index);
  }

  /**
   * Returns a held chunk that can be read at once, or `undefined` if it must first be opened or
   * verified.
   */
  openNow(object: ObjectHandle, index: number): HeldChunk | undefined {
    if (this.#doubted.has(index)) return undefined;
    const held = this.#services.chunks.acquireOpen(object, index);
    if (held?.verified !== false) return held;
    held.release();
    return undefined;
  }

  /**
   * Opens a held chunk and verifies it if necessary, so that the next `openNow` returns it. Never
   * rejects.
   */
  async ready(object: ObjectHandle, index: number): Promise<void> {
    const view = await this.open(object, index).catch(() => undefined);
    await this.#verifications.get(index)?.outcome;
    view?.release();
  }

  /**
   * Resolves to a view of a held chunk, or to `undefined` when it is not held (any more). A
   * verification started here begins at `from`, the first byte of the chunk that its reader needs.
   */
  async open(object: ObjectHandle, index: number, from = 0): Promise<ChunkView | undefined> {
    const { chunks } = this.#services;
    const held = await chunks.acquire(object, index);
    if (held === undefined) return undefined;
    if (held.verified && !this.#doubted.delete(index)) {
      return {
        file: held.file,
        watermark: null,
        failure: () => undefined,
        progress: () => HELD_PROGRESS,
        release: () => {
          held.release();
        },
      };
    }
    const running = this.#verifications.get(index);
    if (running !== undefined) return follow(running, held);
    const own = await chunks.acquire(object, index);
    if (own === undefined) {
      held.release();
      return undefined;
    }
    // Another file was stored in its place meanwhile: verify and read must use the same one.
    if (own.file !== held.file) {
      own.release();
      held.release();
      return this.open(object, index, from);
    }
    // Another reader may have started a verification during the second `acquire`.
    const started = this.#verifications.get(index);
    if (started === undefined) return this.#verify(object, own, from).view(held);
    own.release();
    return follow(started, held);
  }

  /** Starts a verification, which takes over the lease `held`. */
  #verify(object: ObjectHandle, held: HeldChunk, from: number): Verification {
    const { index } = held.record;
    const verification = new Verification(this.#services, object, held, from);
    this.#verifications.set(index, verification);
    void verification.outcome.then(() => {
      this.#verifications.delete(index);
      if (this.#verifications.size === 0) this.#onIdle();
    });
    return verification;
  }
}

/**
 * Returns a view of a chunk that is being verified. The worker fails the watermark before the main
 * thread drops the chunk. A reader that comes in between would meet the same failure again, so it
 * waits for the outcome and gets `undefined`, a miss.
 */
async function follow(running: Verification, held: HeldChunk): Promise<ChunkView | undefined> {
  if (!running.hasFailed) return running.view(held);
  held.release();
  await running.outcome;
  return undefined;
}
