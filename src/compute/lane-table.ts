/**
 * Which lane serves which origin: the pure part of FillPool. A lane holds at most one connection,
 * to the origin it last served, and counts against what that origin is allowed until it is given to
 * another (the client then closes the old connection before it opens the new one).
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
    // Lane i lives on thread i mod threads, so neighbours are on different threads.
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

  /** The thread that a lane lives on: fixed. */
  threadOf(lane: number): number {
    return lane % this.#busyPerThread.length;
  }

  /**
   * Takes a lane for a job of `originName`; `undefined` when none is idle or the origin has as many
   * as it is allowed. Prefers the thread with the fewest running jobs (hashing and TLS are what
   * limits a fill, not the handshake), then a lane whose connection to this origin is warm.
   */
  take(originName: string, allowed: number): number | undefined {
    const own = this.#lanes.filter((lane) => lane.originName === originName);
    // It may have been allowed more before: those that are idle count for new lanes, not here.
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

  /** Gives a lane back; its connection stays open and stays counted. */
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
      // Of its own the one used last, so that connections that are too many time out; of others'
      // the one idle for longest.
      (a.originName === originName ? b.idleSince - a.idleSince : a.idleSince - b.idleSince)
    );
  }
}

/** 0: warm; 1: never used; 2: would cost another origin its warm connection. */
function affinity(lane: Lane, originName: string): number {
  if (lane.originName === originName) return 0;
  return lane.originName === null ? 1 : 2;
}
