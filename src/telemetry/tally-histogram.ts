/**
 * A histogram with cheap observations: numbers are added up here, by one label at most, and become
 * samples when metrics are requested. prom-client's own histogram checks and hashes the labels
 * twice per request. telemetry/instruments makes them.
 */
import { Histogram, type HistogramConfiguration } from 'prom-client';

interface Tally {
  /** Observations by bucket, the last one beyond all of them. */
  readonly counts: number[];
  sum: number;
}

type Samples = Awaited<ReturnType<Histogram['get']>>;

/** What prom-client's registry calls, and its types leave out. */
const BASE = Histogram.prototype as unknown as {
  getForPromString(this: unknown): Promise<Samples>;
};

export class TallyHistogram<Label extends string = string> extends Histogram<Label> {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #label: Label | undefined;
  /** By the label's value; without a label there is one from the beginning. */
  readonly #tallies = new Map<string, Tally>();

  /** `buckets` ascend; one label name at most. */
  constructor(configuration: HistogramConfiguration<Label> & { readonly buckets: number[] }) {
    super(configuration);
    const [label, ...others] = configuration.labelNames ?? [];
    if (others.length > 0) throw new RangeError('a tally has one label at most');
    this.#name = configuration.name;
    this.#bounds = configuration.buckets;
    this.#label = label;
    if (label === undefined) this.#tallies.set('', this.#empty());
  }

  /** Counts `value`; `label` is the value of its label, if it has one. */
  tally(value: number, label = ''): void {
    let tally = this.#tallies.get(label);
    if (tally === undefined) this.#tallies.set(label, (tally = this.#empty()));
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const index = at === -1 ? this.#bounds.length : at;
    tally.counts[index] = (tally.counts[index] ?? 0) + 1;
    tally.sum += value;
  }

  /** A registry calls this when it writes text; `get` calls it too. */
  async getForPromString(): Promise<Samples> {
    const own = await BASE.getForPromString.call(this);
    return {
      ...own,
      values: [...this.#tallies].flatMap(([of, tally]) => this.#samples(of, tally)),
    };
  }

  #empty(): Tally {
    return { counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
  }

  #samples(of: string, { counts, sum }: Tally): Samples['values'] {
    const common = this.#label === undefined ? {} : { [this.#label]: of };
    // prom-client splits labels in two for speed: here they are together.
    const sample = (suffix: string, labels: object, value: number) => ({
      labels: { ...labels, ...common },
      sharedLabels: {},
      value,
      metricName: `${this.#name}_${suffix}`,
    });
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, index) => {
      count += counts[index] ?? 0;
      return sample('bucket', { le }, count);
    });
    return [...buckets, sample('sum', {}, sum), sample('count', {}, count)];
  }
}
