/**
 * Whether the disk is worth trying. After a failed write, everything is served through memory, and
 * one draft now and then is sent to the disk to see whether it takes writes again.
 */
import { shortageOf } from '../../model/own-shortage.js';
import type { Clock } from '../../model/time.js';
import type { StoreEvents } from '../../model/store.js';
import { errnoOf } from '../../model/errno.js';

/**
 * How long a failed disk is left alone. A probe costs one file operation and perhaps one chunk
 * copied to memory; at one a second neither matters, and a mended disk is back at once.
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

  /** False from a failed write until a chunk was stored again. */
  get writable(): boolean {
    return this.#nextProbeMs === null;
  }

  /** A write failed: leave the disk alone for a while. */
  failed(operation: string, error: unknown): void {
    this.#events.diskError(operation, errnoOf(error));
    // A shortage of this process is no fault of the disk.
    if (shortageOf(error) !== null) return;
    this.#nextProbeMs = this.#clock.monotonic() + PROBE_INTERVAL_MS;
  }

  /** A read failed, which does not mean that writes fail. */
  readFailed(operation: string, error: unknown): void {
    this.#events.diskError(operation, errnoOf(error));
  }

  /** True when the caller should try the disk: it works, or this caller is the next probe. */
  mayTry(): boolean {
    if (this.#nextProbeMs === null) return true;
    const now = this.#clock.monotonic();
    if (now < this.#nextProbeMs) return false;
    this.#nextProbeMs = now + PROBE_INTERVAL_MS;
    return true;
  }

  /** A chunk was stored. */
  worked(): void {
    this.#nextProbeMs = null;
  }
}
