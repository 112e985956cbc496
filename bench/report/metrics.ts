/**
 * Everything that a trial can measure: the names in JSON, the words in tables, and which way is
 * better.
 */

export interface MetricFacts {
  readonly label: string;
  readonly better: 'more' | 'less';
  /** How a value reads in a table. */
  readonly format: (value: number) => string;
}

const fixed =
  (digits: number, unit = ''): ((value: number) => string) =>
  (value) =>
    value.toFixed(digits) + unit;

const megabytes = (value: number): string => `${(value / 2 ** 20).toFixed(0)} MiB`;

export const METRICS = {
  gigabytesPerSecond: { label: 'GB/s', better: 'more', format: fixed(2) },
  requestsPerSecond: { label: 'requests/s', better: 'more', format: fixed(0) },
  seconds: { label: 'wall', better: 'less', format: fixed(3, ' s') },
  ttfbP50Ms: { label: 'first byte p50', better: 'less', format: fixed(2, ' ms') },
  ttfbP99Ms: { label: 'first byte p99', better: 'less', format: fixed(2, ' ms') },
  latencyP50Ms: { label: 'whole p50', better: 'less', format: fixed(2, ' ms') },
  latencyP99Ms: { label: 'whole p99', better: 'less', format: fixed(2, ' ms') },
  cpuSecondsPerGigabyte: { label: 'CPU s/GB', better: 'less', format: fixed(3) },
  peakRssBytes: { label: 'peak RSS', better: 'less', format: megabytes },
  clientCpuSecondsPerGigabyte: { label: 'client CPU s/GB', better: 'less', format: fixed(3) },
  /** What the origin sent, divided by the bytes that clients wanted of it once. */
  originMultiple: { label: 'origin bytes', better: 'less', format: fixed(2, ' x') },
  originRequests: { label: 'origin requests', better: 'less', format: fixed(0) },
  startSeconds: { label: 'start', better: 'less', format: fixed(3, ' s') },
  fillGigabytesPerSecond: { label: 'fill GB/s', better: 'more', format: fixed(2) },
  slowBytesPerSecond: { label: 'slow client B/s', better: 'more', format: fixed(0) },
  idleLost: { label: 'idle lost', better: 'less', format: fixed(0) },
  /** Pages that could not be dropped before a cold read. */
  residentBytes: { label: 'still in page cache', better: 'less', format: megabytes },
  operationsPerSecond: { label: 'operations/s', better: 'more', format: fixed(0) },
  bytesPerItem: { label: 'bytes/item', better: 'less', format: fixed(0) },
} as const satisfies Readonly<Record<string, MetricFacts>>;

export type Metric = keyof typeof METRICS;
export type Metrics = Readonly<Partial<Record<Metric, number>>>;
