/** What one run found, as it is written to JSON; and questions to it. Pure. */
import type { Machine } from '../harness/machine.js';
import { type ByRound, median, perRound } from '../harness/statistics.js';
import type { Metric, Metrics } from './metrics.js';

export interface Trial {
  readonly scenario: string;
  /** A peer, or what a micro benchmark compares. */
  readonly peer: string;
  readonly round: number;
  readonly metrics: Metrics;
  /** Why its figures count for nothing; `null` when all is well. */
  readonly failure: string | null;
}

export interface PeerFacts {
  readonly name: string;
  readonly version: string | null;
  readonly configuration: string;
  /** Where it is not installed. */
  readonly remedy: string | null;
}

export interface ScenarioFacts {
  readonly name: string;
  readonly title: string;
  /** Columns of its table; the first is the one that it is about. */
  readonly shows: readonly Metric[];
  /** Why it was not run; `null` when it was. */
  readonly skipped: string | null;
}

export interface Report {
  readonly format: 1;
  readonly machine: Machine;
  readonly settings: {
    readonly rounds: number;
    readonly seconds: number;
    readonly objectBytes: number;
    /** Figures of a quick run are about the harness, not about peers. */
    readonly quick: boolean;
  };
  readonly peers: readonly PeerFacts[];
  readonly scenarios: readonly ScenarioFacts[];
  readonly trials: readonly Trial[];
}

/** What is asked of a report: one metric of one peer in one scenario. */
export interface Series {
  readonly scenario: string;
  readonly peer: string;
  readonly metric: Metric;
}

export function valuesOf({ trials }: Pick<Report, 'trials'>, series: Series): ByRound {
  const { scenario, peer, metric } = series;
  return new Map(
    trials.flatMap((trial): [number, number][] => {
      const value = trial.metrics[metric];
      const fits = trial.scenario === scenario && trial.peer === peer && trial.failure === null;
      return fits && value !== undefined ? [[trial.round, value]] : [];
    }),
  );
}

export function medianOf(report: Pick<Report, 'trials'>, series: Series): number | undefined {
  return median([...valuesOf(report, series).values()]);
}

/** The median of what `combine` makes of both in each round. */
export function medianPerRound(
  report: Pick<Report, 'trials'>,
  ours: Series,
  theirs: Series,
  combine: (our: number, their: number) => number,
): number | undefined {
  return median(perRound(valuesOf(report, ours), valuesOf(report, theirs), combine));
}

export function medianRatio(
  report: Pick<Report, 'trials'>,
  ours: Series,
  theirs: Series,
): number | undefined {
  return medianPerRound(report, ours, theirs, (our, their) => our / their);
}
