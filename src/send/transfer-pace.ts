/**
 * Measures the progress of a transfer for its sender: a client that takes next to nothing, a
 * growing file that does not grow. Node sees none of the pump's writes, so the sender polls.
 */
import type { TransferProgress } from '../compute/transfer.js';
import type { Clock } from '../model/time.js';

export interface PaceBounds {
  /** How long a client may take no byte. */
  readonly clientIdleTimeoutMs: number;
  /** What a client must take on average while bytes wait for it, over `clientIdleTimeoutMs`. */
  readonly clientMinRateBytesPerSecond: number;
  /** The longest wait for a growing file while no byte of it comes. */
  readonly sourceIdleTimeoutMs: number;
}

/** Which side makes no progress. */
export type Stalled = 'client' | 'source';

/** Looks per bound: what stalls is noticed at most a quarter of its bound late. */
const LOOKS_PER_BOUND = 4;

/** What a look sees. */
export interface Pace extends TransferProgress {
  /** Bytes that have come for the growing file that is waited for, wherever in it they belong. */
  readonly arrivedBytes: number;
}

interface Look extends Pace {
  readonly at: number;
}

/** Runs from its creation until `stop`, or until it has reported a stall. */
export class TransferPace {
  readonly #progress: () => Pace | null;
  readonly #clock: Clock;
  readonly #bounds: PaceBounds;
  readonly #intervalMs: number;
  readonly #onStalled: (of: Stalled) => void;
  /** The first look that saw what the last one saw. */
  #still: Look | null = null;
  /** The look at which the time began over which the client's rate is measured. */
  #window: Look | null = null;
  #cancel: () => void = () => undefined;

  /** `progress` gives `null` when there is nothing to watch any more. */
  constructor(
    progress: () => Pace | null,
    clock: Clock,
    bounds: PaceBounds,
    onStalled: (of: Stalled) => void,
  ) {
    this.#progress = progress;
    this.#clock = clock;
    this.#bounds = bounds;
    this.#onStalled = onStalled;
    const shortest = Math.min(bounds.clientIdleTimeoutMs, bounds.sourceIdleTimeoutMs);
    this.#intervalMs = Math.max(1, Math.floor(shortest / LOOKS_PER_BOUND));
    this.#look();
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const progress = this.#progress();
    if (progress === null) return;
    const look = { ...progress, at: this.#clock.monotonic() };
    if (this.#still === null || !isSame(this.#still, look)) this.#still = look;
    if (this.#window === null || !isOneWait(this.#window, look)) this.#window = look;
    const stalled = this.#stalled(this.#still, this.#window, look);
    if (stalled !== null) {
      this.#onStalled(stalled);
      return;
    }
    this.#cancel = this.#clock.after(this.#intervalMs, () => {
      this.#look();
    });
  }

  #stalled(still: Look, window: Look, look: Look): Stalled | null {
    const { clientIdleTimeoutMs, clientMinRateBytesPerSecond, sourceIdleTimeoutMs } = this.#bounds;
    const stillMs = look.at - still.at;
    if (look.waitsFor === 'source') return stillMs >= sourceIdleTimeoutMs ? 'source' : null;
    if (look.waitsFor === 'feeder') return null;
    if (stillMs >= clientIdleTimeoutMs) return 'client';
    const windowMs = look.at - window.at;
    if (windowMs < clientIdleTimeoutMs) return null;
    this.#window = look;
    const rate = ((look.takenBytes - window.takenBytes) * 1000) / windowMs;
    return rate < clientMinRateBytesPerSecond ? 'client' : null;
  }
}

function isSame(one: Look, other: Look): boolean {
  if (!isOneWait(one, other) || one.takenBytes !== other.takenBytes) return false;
  return one.waitsFor !== 'source' || one.arrivedBytes === other.arrivedBytes;
}

/** True if the transfer waited for the same side all the time between. */
function isOneWait(one: Look, other: Look): boolean {
  return one.waitsFor === other.waitsFor && one.pauses === other.pauses;
}
