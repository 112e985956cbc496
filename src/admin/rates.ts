/**
 * Rates of transfers, measured between two looks. Owned by the views of the API.
 */

interface Sample {
  readonly bytes: number;
  readonly atMs: number;
}

/** Two looks closer than this measure chance. */
const MIN_SPAN_MS = 400;

/** A rate covers the last few seconds, if there were looks that often. */
const WINDOW_MS = 5_000;

export class Rates {
  #samples = new Map<string, Sample[]>();
  #next = new Map<string, Sample[]>();

  /**
   * Records that `id` has `bytes` at `nowMs` (monotonic). Returns bytes per second since an earlier
   * look, at least `MIN_SPAN_MS` ago, or `null` if there was none.
   */
  measure(id: string, bytes: number, nowMs: number): number | null {
    const samples = this.#samples.get(id) ?? this.#next.get(id) ?? [];
    const last = samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= MIN_SPAN_MS)
      samples.push({ bytes, atMs: nowMs });
    // One look from before the window stays, so that rare looks measure too.
    while (samples.length > 2 && nowMs - (samples[1]?.atMs ?? nowMs) > WINDOW_MS) samples.shift();
    this.#next.set(id, samples);
    const first = samples[0];
    if (first === undefined || nowMs - first.atMs < MIN_SPAN_MS) return null;
    return Math.round(((bytes - first.bytes) * 1000) / (nowMs - first.atMs));
  }

  /** The look is over: transfers that were not measured in it are forgotten. */
  endLook(): void {
    this.#samples = this.#next;
    this.#next = new Map();
  }
}
