/** Every scenario, in the order in which they run. A new one of a known kind is an entry here. */
import type { Load } from '../harness/load.js';
import type { Metric } from '../report/metrics.js';
import type { ReadScenario, Scenario } from './scenario.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Names of the ranges that are read, each on one, eight and 64 connections. */
const RANGES: Readonly<Record<string, number>> = {
  '8MiB': 8 * MIB,
  '1MiB': MIB,
  '64KiB': 64 * KIB,
  '4KiB': 4 * KIB,
};
const CONNECTIONS = [1, 8, 64];

const HIT_COLUMNS: readonly Metric[] = [
  'gigabytesPerSecond',
  'requestsPerSecond',
  'ttfbP50Ms',
  'latencyP99Ms',
  'cpuSecondsPerGigabyte',
  'peakRssBytes',
];
const FILL_COLUMNS: readonly Metric[] = [
  'gigabytesPerSecond',
  'seconds',
  'ttfbP50Ms',
  'cpuSecondsPerGigabyte',
  'peakRssBytes',
  'originMultiple',
];

function reads(pages: ReadScenario['pages']): readonly ReadScenario[] {
  const prefix = pages === 'warm' ? 'hit' : 'cold-pages';
  const where = pages === 'warm' ? 'in the page cache' : 'not in the page cache';
  const shows = pages === 'warm' ? HIT_COLUMNS : [...HIT_COLUMNS, 'residentBytes' as const];
  const order = pages === 'warm' ? 'random' : 'shuffled';
  const entry = (name: string, title: string, load: Load): ReadScenario => ({
    kind: 'read',
    name: `${prefix}-${name}`,
    title: `${title}, stored, ${where}`,
    group: prefix,
    pages,
    load,
    shows,
  });
  return [
    entry('whole-1', 'the whole object, 1 connection', { connections: 1 }),
    ...Object.entries(RANGES).flatMap(([size, rangeBytes]) =>
      CONNECTIONS.map((connections) =>
        entry(
          `${size}-${String(connections)}`,
          `${size} ranges, ${String(connections)} connection${connections === 1 ? '' : 's'}`,
          { connections, rangeBytes, order },
        ),
      ),
    ),
  ];
}

/** The load that other circumstances are added to. */
const EIGHT: Load = { connections: 8, rangeBytes: 8 * MIB, order: 'random' };

export const SCENARIOS: readonly Scenario[] = [
  {
    kind: 'solo',
    name: 'limits',
    title: 'what this machine can do without HTTP',
    group: 'limits',
    program: 'limits',
    shows: ['gigabytesPerSecond', 'cpuSecondsPerGigabyte'],
  },
  {
    kind: 'solo',
    name: 'micro-blake3',
    title: 'BLAKE3 by 1 MiB groups, one thread',
    group: 'micro',
    program: 'blake3',
    shows: ['gigabytesPerSecond'],
  },
  {
    kind: 'solo',
    name: 'micro-plan',
    title: 'ranges turned into chunk reads',
    group: 'micro',
    program: 'plan',
    shows: ['operationsPerSecond'],
  },
  {
    kind: 'solo',
    name: 'micro-index',
    title: 'index and LRU order of 1,000,000 chunks',
    group: 'micro',
    program: 'index',
    shows: ['operationsPerSecond', 'bytesPerItem'],
  },
  {
    kind: 'solo',
    name: 'micro-startup',
    title: 'start on a cache directory of 100,000 chunks',
    group: 'micro',
    program: 'startup',
    shows: ['startSeconds', 'peakRssBytes'],
  },
  ...reads('warm'),
  ...reads('cold'),
  {
    kind: 'read',
    name: 'memory-1GiB-8MiB-8',
    title: '8 MiB ranges of two objects, 8 connections, server in a memory cgroup of 1 GiB',
    group: 'memory',
    pages: 'cold',
    load: { ...EIGHT, objects: [0, 1] },
    memoryLimitBytes: GIB,
    shows: [...HIT_COLUMNS, 'residentBytes'],
  },
  {
    kind: 'read',
    name: 'idle-1000',
    title: '8 MiB ranges, 8 connections, beside 1,000 idle ones',
    group: 'idle',
    pages: 'warm',
    load: { ...EIGHT, idleConnections: 1000 },
    shows: [...HIT_COLUMNS, 'idleLost'],
  },
  {
    kind: 'read',
    name: 'slow-client-without',
    title: '8 MiB ranges, 8 connections',
    group: 'slow-client',
    pages: 'warm',
    load: EIGHT,
    shows: HIT_COLUMNS,
  },
  {
    kind: 'read',
    name: 'slow-client-with',
    title: '8 MiB ranges, 8 connections, beside one that takes 1 MB/s',
    group: 'slow-client',
    pages: 'warm',
    load: { ...EIGHT, slowConnections: 1, slowBytesPerSecond: 1e6 },
    shows: [...HIT_COLUMNS, 'slowBytesPerSecond'],
  },
  {
    kind: 'fill',
    name: 'cold-whole-1',
    title: 'the whole object, not stored, 1 client',
    group: 'cold',
    clients: 1,
    direct: true,
    shows: FILL_COLUMNS,
  },
  ...[5, 16].map((clients): Scenario => ({
    kind: 'fill',
    name: `cold-storm-${String(clients)}`,
    title: `the whole object, not stored, ${String(clients)} clients at the same moment`,
    group: 'cold',
    clients,
    direct: false,
    shows: FILL_COLUMNS,
  })),
  {
    kind: 'fill',
    name: 'cold-limited-connection',
    title: 'the whole object, not stored, 1 client, origin limited to 20 MB/s per connection',
    group: 'limited-connection',
    clients: 1,
    originConnectionBytesPerSecond: 20e6,
    direct: true,
    shows: FILL_COLUMNS,
  },
  {
    kind: 'late-range',
    name: 'cold-late-range',
    title: '1 MiB at any offset, not stored, origin at 100 MB/s',
    group: 'late-range',
    originBytesPerSecond: 100e6,
    rangeBytes: MIB,
    samples: 20,
    pauseSeconds: 0.5,
    shows: ['ttfbP50Ms', 'ttfbP99Ms', 'latencyP50Ms', 'originMultiple'],
  },
  {
    kind: 'restart',
    name: 'warm-restart',
    title: 'the whole object, stored, first read after a restart',
    group: 'restart',
    shows: [
      'gigabytesPerSecond',
      'startSeconds',
      'ttfbP50Ms',
      'cpuSecondsPerGigabyte',
      'originMultiple',
    ],
  },
  {
    kind: 'mixed',
    name: 'mixed',
    title: '1 MiB ranges, stored, 8 connections, while another object is fetched',
    group: 'mixed',
    hits: { connections: 8, rangeBytes: MIB, order: 'random' },
    shows: [
      'gigabytesPerSecond',
      'fillGigabytesPerSecond',
      'latencyP99Ms',
      'cpuSecondsPerGigabyte',
    ],
  },
];
