/**
 * Assigns lanes to origins: the pure part of FillPool. A lane holds at most one connection, to the
 * origin it last served. It counts against that origin's limit until another origin takes it; then
 * the worker's client closes the old connection before it opens the new one.
 */

interface Lane {
  readonly number: number;
  readonly thread: number;
  busy: boolean;
  /** The origin that the lane's connection belongs to; `null` before its first job. */
  originName: string | null;
  /** Sequence of its last release. */
  idleSince: number;
}

export class LaneTable {
  readonly #lanes: readonly Lane[];
  readonly #busyPerThread: number[];
  #sequence = 0;

  constructor(threads: number, lanesPerThread: number) {
    this.#busyPerThread = Array.from({ length: threads }, () => 0);
    // Lane i belongs to thread i mod threads, so that neighbours are on different threads.
    this.#lanes = Array.from({ length: threads * lanesPerThread }, (_, number) => ({
      number,
      thread: number % threads,
      busy: false,
      originName: null,
      idleSince: 0,
    }));
  }

  get count(): number {
    return this.#lanes.length;
  }

  get busyCount(): number {
    return this.#busyPerThread.reduce((sum, busy) => sum + busy, 0);
  }

  /** Returns the thread that a lane belongs to, which never changes. */
  threadOf(lane: number): number {
    return lane % this.#busyPerThread.length;
  }

  /**
   * Takes a lane for a job of `originName`; returns `undefined` when none is idle or the origin has
   * `allowed` already. Prefers the thread with the fewest running jobs, because hashing and TLS
   * limit a fill more than a handshake; then a lane with an open connection to this origin.
   */
  take(originName: string, allowed: number): number | undefined {
    const own = this.#lanes.filter((lane) => lane.originName === originName);
    // Only busy lanes count here, so that the origin may reuse its idle lanes after `allowed` fell.
    // The loop below also counts the idle ones, and adds no lane beyond `allowed`.
    if (own.filter(({ busy }) => busy).length >= allowed) return undefined;
    let best: Lane | undefined;
    for (const lane of this.#lanes) {
      if (lane.busy || (lane.originName !== originName && own.length >= allowed)) continue;
      if (best === undefined || this.#compare(lane, best, originName) < 0) best = lane;
    }
    if (best === undefined) return undefined;
    best.busy = true;
    best.originName = originName;
    this.#busyPerThread[best.thread] = this.#busyOn(best.thread) + 1;
    return best.number;
  }

  /** Returns a lane; its connection stays open and still counts. */
  release(number: number): void {
    const lane = this.#lanes[number];
    if (lane?.busy !== true) throw new RangeError(`lane ${String(number)} is not taken`);
    lane.busy = false;
    lane.idleSince = ++this.#sequence;
    this.#busyPerThread[lane.thread] = this.#busyOn(lane.thread) - 1;
  }

  #busyOn(thread: number): number {
    return this.#busyPerThread[thread] ?? 0;
  }

  #compare(a: Lane, b: Lane, originName: string): number {
    return (
      this.#busyOn(a.thread) - this.#busyOn(b.thread) ||
      affinity(a, originName) - affinity(b, originName) ||
      // Of its own lanes the last used, so that surplus connections time out; of other lanes the
      // one idle the longest.
      (a.originName === originName ? b.idleSince - a.idleSince : a.idleSince - b.idleSince)
    );
  }
}

/** Returns 0 for an open connection to the origin, 1 for an unused lane, 2 for another's lane. */
function affinity(lane: Lane, originName: string): number {
  if (lane.originName === originName) return 0;
  return lane.originName === null ? 1 : 2;
}
