/**
 * The queue of FillPool's jobs: demand before read-ahead, origins in turn, and within an origin in
 * order of arrival. Pure, and independent of lanes.
 */

/** `demand`: a reader waits for the bytes. `read-ahead`: a reader will probably need them soon. */
export type Priority = 'demand' | 'read-ahead';

export interface Queueable {
  readonly originName: string;
  priority: Priority;
}

export class JobQueue<T extends Queueable> {
  // The map's order is the order of turns: an origin that was served moves to the end.
  readonly #turns: Readonly<Record<Priority, Map<string, T[]>>> = {
    demand: new Map(),
    'read-ahead': new Map(),
  };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(job: T): void {
    const turns = this.#turns[job.priority];
    const jobs = turns.get(job.originName);
    if (jobs === undefined) turns.set(job.originName, [job]);
    else jobs.push(job);
    this.#size++;
  }

  /**
   * Removes and returns the first job for which `accepts` returns true. It is called only for the
   * oldest job of each origin: an origin without a free lane has none for its other jobs either.
   */
  shift(accepts: (job: T) => boolean): T | undefined {
    for (const turns of [this.#turns.demand, this.#turns['read-ahead']]) {
      for (const [originName, jobs] of turns) {
        const job = jobs[0];
        if (job === undefined || !accepts(job)) continue;
        jobs.shift();
        turns.delete(originName);
        if (jobs.length > 0) turns.set(originName, jobs);
        this.#size--;
        return job;
      }
    }
    return undefined;
  }

  /** Removes one job; returns false when it is not in the queue. */
  remove(job: T): boolean {
    const turns = this.#turns[job.priority];
    const jobs = turns.get(job.originName);
    const at = jobs?.indexOf(job) ?? -1;
    if (jobs === undefined || at < 0) return false;
    jobs.splice(at, 1);
    if (jobs.length === 0) turns.delete(job.originName);
    this.#size--;
    return true;
  }

  /** Moves a job to the end of its origin's demand; no effect when it is not in the queue. */
  promote(job: T): void {
    if (job.priority === 'demand' || !this.remove(job)) return;
    job.priority = 'demand';
    this.push(job);
  }

  /** Empties the queue and returns its jobs. */
  drain(): T[] {
    const jobs = Object.values(this.#turns).flatMap((turns) => [...turns.values()].flat());
    for (const turns of Object.values(this.#turns)) turns.clear();
    this.#size = 0;
    return jobs;
  }
}
