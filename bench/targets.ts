/**
 * What Forebay sets out to reach, and whether a report shows it. The bounds are commitments: one
 * that is missed is reported as missed, with a profile in docs/PERFORMANCE.md, and never moved.
 */
import { relativeSpread } from './harness/statistics.js';
import {
  medianOf,
  medianPerRound,
  medianRatio,
  type Report,
  type Series,
  valuesOf,
} from './report/report.js';
import type { Metric } from './report/metrics.js';

const MIB = 2 ** 20;
const OURS = 'forebay';

type Bound = { readonly atLeast: number } | { readonly atMost: number };

/** ratio and difference: the median of those of each round. */
export type Target = { readonly title: string; readonly unit: string } & (
  | {
      readonly kind: 'ratio' | 'difference';
      readonly ours: Series;
      readonly theirs: Series;
      readonly bound: Bound;
    }
  | { readonly kind: 'value'; readonly ours: Series; readonly bound: Bound }
  /** No worse than `theirs` by more than `theirs` itself spreads over the rounds. */
  | { readonly kind: 'no-loss'; readonly ours: Series; readonly theirs: Series }
);

export interface Verdict {
  readonly title: string;
  readonly unit: string;
  readonly bound: Bound;
  /** `null` when the run did not measure it. */
  readonly measured: number | null;
  readonly met: boolean | null;
}

const series = (scenario: string, peer: string, metric: Metric): Series => ({
  scenario,
  peer,
  metric,
});

function against(
  scenario: string,
  peer: string,
  bound: Bound,
  metric: Metric = 'gigabytesPerSecond',
): Target {
  return {
    kind: 'ratio',
    title: `${scenario}: ${metric} against ${peer}`,
    unit: 'x',
    ours: series(scenario, OURS, metric),
    theirs: series(scenario, peer, metric),
    bound,
  };
}

const STATIC = 'nginx-static';

export const TARGETS: readonly Target[] = [
  against('hit-whole-1', STATIC, { atLeast: 1.05 }),
  against('hit-whole-1', STATIC, { atMost: 1 }, 'cpuSecondsPerGigabyte'),
  against('hit-8MiB-8', STATIC, { atLeast: 1.05 }),
  against('hit-1MiB-8', STATIC, { atLeast: 1 }),
  against('hit-64KiB-8', STATIC, { atLeast: 0.8 }),
  against('hit-4KiB-8', STATIC, { atLeast: 0.5 }),
  against('cold-pages-8MiB-8', STATIC, { atLeast: 1.2 }),
  against('cold-whole-1', 'nginx-slice-1m', { atLeast: 3 }),
  against('cold-whole-1', 'curl', { atLeast: 1.3 }),
  {
    kind: 'ratio',
    title: 'cold-storm-16: wall against cold-whole-1',
    unit: 'x',
    ours: series('cold-storm-16', OURS, 'seconds'),
    theirs: series('cold-whole-1', OURS, 'seconds'),
    bound: { atMost: 1.5 },
  },
  {
    kind: 'value',
    title: 'cold-storm-16: origin bytes, as a multiple of the object',
    unit: 'x',
    ours: series('cold-storm-16', OURS, 'originMultiple'),
    // 1.00 in two digits.
    bound: { atMost: 1.005 },
  },
  {
    kind: 'difference',
    title: "cold-late-range: first byte p50 beyond the origin's own",
    unit: 'ms',
    ours: series('cold-late-range', OURS, 'ttfbP50Ms'),
    theirs: series('cold-late-range', 'origin', 'ttfbP50Ms'),
    bound: { atMost: 15 },
  },
  {
    kind: 'no-loss',
    title: 'slow-client-with: GB/s of the others against slow-client-without',
    unit: 'x',
    ours: series('slow-client-with', OURS, 'gigabytesPerSecond'),
    theirs: series('slow-client-without', OURS, 'gigabytesPerSecond'),
  },
  {
    kind: 'value',
    title: 'hit-8MiB-64: peak RSS',
    unit: 'bytes',
    ours: series('hit-8MiB-64', OURS, 'peakRssBytes'),
    bound: { atMost: 250 * MIB },
  },
  {
    kind: 'value',
    title: 'micro-startup: RSS with 100,000 chunks indexed',
    unit: 'bytes',
    ours: series('micro-startup', OURS, 'peakRssBytes'),
    bound: { atMost: 250 * MIB },
  },
  against('micro-blake3', 'napi-rs', { atLeast: 1.2 }),
];

/** Judges a report by every target, in their order. */
export function judge(report: Pick<Report, 'trials'>): readonly Verdict[] {
  return TARGETS.map((target) => {
    const bound = boundOf(report, target);
    const measured = measuredOf(report, target) ?? null;
    const { title, unit } = target;
    return { title, unit, bound, measured, met: measured === null ? null : isMet(measured, bound) };
  });
}

function measuredOf(report: Pick<Report, 'trials'>, target: Target): number | undefined {
  switch (target.kind) {
    case 'ratio':
    case 'no-loss':
      return medianRatio(report, target.ours, target.theirs);
    case 'difference':
      return medianPerRound(report, target.ours, target.theirs, (our, their) => our - their);
    case 'value':
      return medianOf(report, target.ours);
  }
}

function boundOf(report: Pick<Report, 'trials'>, target: Target): Bound {
  if (target.kind !== 'no-loss') return target.bound;
  const values = [...valuesOf(report, target.theirs).values()];
  // Of fewer than three rounds nobody can say what is noise: then there is none.
  const noise = values.length < 3 ? 0 : (relativeSpread(values) ?? 0);
  return { atLeast: 1 - noise };
}

function isMet(measured: number, bound: Bound): boolean {
  return 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost;
}

/** How many targets the run missed; those that it did not measure count for nothing. */
export function countMissed(verdicts: readonly Verdict[]): number {
  return verdicts.filter(({ met }) => met === false).length;
}
