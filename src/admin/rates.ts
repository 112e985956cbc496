/**
 * Measures rates of transfers between the calls of the API that show them. Used by admin/pulls-view
 * and admin/transfers.
 */

interface Sample {
  readonly bytes: number;
  readonly atMs: number;
}

/** The shortest time between two samples: over less, a rate is mostly noise. */
const MIN_SPAN_MS = 400;

/** The time over which a rate is averaged, if there are enough samples. */
const WINDOW_MS = 5_000;

export class Rates {
  #samples = new Map<string, Sample[]>();
  #next = new Map<string, Sample[]>();

  /**
   * Records that `id` has `bytes` at `nowMs` (monotonic). Returns bytes per second since an earlier
   * sample; `null` when there is none that is at least `MIN_SPAN_MS` old.
   */
  measure(id: string, bytes: number, nowMs: number): number | null {
    const samples = this.#samples.get(id) ?? this.#next.get(id) ?? [];
    const last = samples.at(-1);
    if (last === undefined || nowMs - last.atMs >= MIN_SPAN_MS)
      samples.push({ bytes, atMs: nowMs });
    // Keeps one sample from before the window, so that rare calls yield a rate too.
    while (samples.length > 2 && nowMs - (samples[1]?.atMs ?? nowMs) > WINDOW_MS) samples.shift();
    this.#next.set(id, samples);
    const first = samples[0];
    if (first === undefined || nowMs - first.atMs < MIN_SPAN_MS) return null;
    return Math.round(((bytes - first.bytes) * 1000) / (nowMs - first.atMs));
  }

  /** Ends a round of `measure` calls; drops the transfers that were not measured in it. */
  endLook(): void {
    this.#samples = this.#next;
    this.#next = new Map();
  }
}
