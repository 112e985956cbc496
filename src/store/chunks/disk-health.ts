/**
 * Decides whether to try the disk. After a failed write everything is served through memory, and
 * one draft per interval probes whether the disk takes writes again.
 */
import { shortageOf } from '../../model/own-shortage.js';
import type { Clock } from '../../model/time.js';
import type { StoreEvents } from '../../model/store.js';
import { errnoOf } from '../../model/errno.js';

/**
 * Time between two probes of a failed disk. A probe costs one file operation and perhaps one chunk
 * copied to memory: once a second, neither matters, and a repaired disk is soon in use again.
 */
export const PROBE_INTERVAL_MS = 1000;

export class DiskHealth {
  readonly #clock: Clock;
  readonly #events: StoreEvents;
  /** Monotonic time of the next probe; `null` while the disk works. */
  #nextProbeMs: number | null = null;

  constructor(clock: Clock, events: StoreEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** False from a failed write until a chunk is stored again. */
  get writable(): boolean {
    return this.#nextProbeMs === null;
  }

  /** Records a failed write: no write is tried before the next probe. */
  failed(operation: string, error: unknown): void {
    this.#events.diskError(operation, errnoOf(error));
    // The process ran out of something, such as descriptors: the disk may work.
    if (shortageOf(error) !== null) return;
    this.#nextProbeMs = this.#clock.monotonic() + PROBE_INTERVAL_MS;
  }

  /** Reports a failed read. Writes may still work, so they go on. */
  readFailed(operation: string, error: unknown): void {
    this.#events.diskError(operation, errnoOf(error));
  }

  /**
   * Returns true when the caller should try the disk: it works, or the caller's write is a probe.
   */
  mayTry(): boolean {
    if (this.#nextProbeMs === null) return true;
    const now = this.#clock.monotonic();
    if (now < this.#nextProbeMs) return false;
    this.#nextProbeMs = now + PROBE_INTERVAL_MS;
    return true;
  }

  /** Records that a chunk was stored: the disk works. */
  worked(): void {
    this.#nextProbeMs = null;
  }
}
