/** Medians and what is made of them. Pure. */

/** Linear between neighbours; `undefined` of nothing. `part` is from 0 to 1. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number | undefined {
  return quantile(values, 0.5);
}

/** The middle half of the values, as a part of their median: how noisy a measurement was. */
export function relativeSpread(values: readonly number[]): number | undefined {
  const middle = median(values);
  const low = quantile(values, 0.25);
  const high = quantile(values, 0.75);
  if (middle === undefined || low === undefined || high === undefined || middle === 0) {
    return undefined;
  }
  return (high - low) / middle;
}

/** Values by round. */
export type ByRound = ReadonlyMap<number, number>;

/** One value for each round that both have. */
export function perRound(
  ours: ByRound,
  theirs: ByRound,
  combine: (our: number, their: number) => number,
): readonly number[] {
  return [...ours].flatMap(([round, our]) => {
    const their = theirs.get(round);
    return their === undefined ? [] : [combine(our, their)];
  });
}
