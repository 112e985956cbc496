/**
 * Running transfers, and those that have just ended. A transfer registers a function that reads its
 * state (the front its requests, the cache its fills); the admin API calls it. A transfer that is
 * never read costs an entry in a map and one read at its end.
 */
import type { Clock } from '../model/time.js';

/** Ended transfers kept: what a client that polls would otherwise miss the end of. */
const MAX_ENDED = 64;

/** How long an ended one is shown: several times, to a client that polls once a second. */
const ENDED_LIFETIME_MS = 5_000;

/** Reads a running transfer; `nowMs` is monotonic. */
export type ReadTransfer<Snapshot> = (id: string, nowMs: number) => Snapshot;

/** One entry. Exactly one of the two is called, once. */
export interface TransferEntry {
  /** It has ended: its last state is shown for a while. */
  end(): void;
  /** It is shown elsewhere, or was none. */
  drop(): void;
}

export class TransferTable<Snapshot> {
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #running = new Map<string, ReadTransfer<Snapshot>>();
  /** Oldest first. */
  #ended: { readonly snapshot: () => Snapshot; readonly atMs: number }[] = [];
  #started = 0;

  /** Ids are `prefix` and a number, never used twice in one process. */
  constructor(prefix: string, clock: Clock) {
    this.#prefix = prefix;
    this.#clock = clock;
  }

  /** Transfers that run. */
  get size(): number {
    return this.#running.size;
  }

  start(read: ReadTransfer<Snapshot>): TransferEntry {
    this.#started += 1;
    const id = `${this.#prefix}${String(this.#started)}`;
    this.#running.set(id, read);
    return {
      end: () => {
        if (!this.#running.delete(id)) return;
        const atMs = this.#clock.monotonic();
        const last = read(id, atMs);
        this.#end({ snapshot: () => last, atMs });
      },
      drop: () => {
        this.#running.delete(id);
      },
    };
  }

  /** Adds a transfer that has already ended; it is read on demand. */
  startAndEnd(read: ReadTransfer<Snapshot>): void {
    this.#started += 1;
    const id = `${this.#prefix}${String(this.#started)}`;
    const atMs = this.#clock.monotonic();
    this.#end({ snapshot: () => read(id, atMs), atMs });
  }

  /** The running ones, oldest first and `limit` at most, then those that ended lately. */
  list(limit: number): Snapshot[] {
    const nowMs = this.#clock.monotonic();
    this.#ended = this.#ended.filter(({ atMs }) => nowMs - atMs < ENDED_LIFETIME_MS);
    const found: Snapshot[] = [];
    for (const [id, read] of this.#running) {
      if (found.length >= limit) break;
      found.push(read(id, nowMs));
    }
    return [...found, ...this.#ended.map(({ snapshot }) => snapshot())];
  }

  #end(ended: { readonly snapshot: () => Snapshot; readonly atMs: number }): void {
    this.#ended.push(ended);
    if (this.#ended.length > MAX_ENDED) this.#ended.shift();
  }
}
