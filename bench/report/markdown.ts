/**
 * A report as a page of Markdown: the machine, the targets, and a table for each scenario. Pure.
 */
import type { Verdict } from '../targets.js';
import { METRICS, type Metric } from './metrics.js';
import { medianOf, medianRatio, type Report, type ScenarioFacts, valuesOf } from './report.js';

const OURS = 'forebay';

/** A hit that makes the origin send more than this part of the object is none. */
const MAX_HIT_ORIGIN_MULTIPLE = 0.01;

export function markdown(report: Report, verdicts: readonly Verdict[], chart: string): string {
  const sections = [
    ['# Benchmark results'],
    report.settings.quick
      ? ['**A quick run: it tries the harness out, and its figures say nothing about anybody.**']
      : [],
    machineSection(report),
    [`![Chart](${chart})`],
    ['## Targets', targetTable(verdicts)],
    ['## Peers', peerTable(report)],
    ...report.scenarios.map((scenario) => scenarioSection(report, scenario)),
    failureSection(report),
  ];
  return `${sections
    .flat()
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function machineSection({ machine, settings }: Report): readonly string[] {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  return [
    `${machine.cpu}, ${String(machine.cores)} cores, ${memory}, ${machine.architecture}; Linux ` +
      `${machine.kernel}, ${machine.fileSystem}; Node ${machine.node}; BLAKE3 with ${machine.blake3}.`,
    `${String(settings.rounds)} rounds, peers one after the other in each; trials of ` +
      `${String(settings.seconds)} s; objects of ${String(settings.objectBytes / 2 ** 20)} MiB. ` +
      'Client, origin and servers share the machine. Figures are medians; ratios are medians of the ' +
      'ratios in each round. CPU is that of the whole process tree of the server. Peak RSS is the sum ' +
      'over its processes: pages that they share, or that map their store, count for each.',
  ];
}

function targetTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ title, bound, measured, met, unit }) => [
    title,
    'atLeast' in bound
      ? `at least ${quantity(bound.atLeast, unit)}`
      : `at most ${quantity(bound.atMost, unit)}`,
    measured === null ? 'not measured' : quantity(measured, unit),
    met === null ? '' : met ? 'met' : '**missed**',
  ]);
  return table(['target', 'bound', 'measured', ''], rows);
}

function quantity(value: number, unit: string): string {
  return unit === 'bytes' ? `${(value / 2 ** 20).toFixed(0)} MiB` : `${value.toFixed(2)} ${unit}`;
}

function peerTable({ peers }: Report): string {
  return table(
    ['peer', 'version', 'configuration'],
    peers.map(({ name, version, configuration, remedy }) => [
      name,
      version ?? `not installed: \`${remedy ?? ''}\``,
      configuration,
    ]),
    'words',
  );
}

function scenarioSection(report: Report, scenario: ScenarioFacts): readonly string[] {
  const { name, title, shows, skipped } = scenario;
  const heading = `## ${name}: ${title}`;
  if (skipped !== null) return [heading, `Not run: ${skipped}.`];
  const peers = [
    ...new Set(report.trials.filter((trial) => trial.scenario === name).map(({ peer }) => peer)),
  ].sort((a, b) => place(report, a) - place(report, b));
  const [main] = shows;
  if (main === undefined || peers.length === 0) return [];
  const compares = peers.includes(OURS) && peers.length > 1;
  const columns = shows.map((metric) => METRICS[metric].label);
  const rows = peers.map((peer) => [
    peer,
    ...shows.map((metric) => cell(report, name, peer, metric)),
    ...(compares ? [ratioCell(report, name, peer, main)] : []),
  ]);
  const notHits = name.startsWith('hit-')
    ? peers.filter(
        (peer) =>
          (medianOf(report, { scenario: name, peer, metric: 'originMultiple' }) ?? 0) >
          MAX_HIT_ORIGIN_MULTIPLE,
      )
    : [];
  return [
    heading,
    table(['', ...columns, ...(compares ? [`${OURS} to it`] : [])], rows),
    notHits.length === 0 ? '' : `The origin was asked again by: ${notHits.join(', ')}.`,
  ];
}

function place({ peers }: Report, name: string): number {
  const index = peers.findIndex((peer) => peer.name === name);
  return index < 0 ? peers.length : index;
}

function cell(report: Report, scenario: string, peer: string, metric: Metric): string {
  const values = [...valuesOf(report, { scenario, peer, metric }).values()];
  const value = medianOf(report, { scenario, peer, metric });
  if (value === undefined) return '-';
  const { format } = METRICS[metric];
  const range = `${format(Math.min(...values))} to ${format(Math.max(...values))}`;
  // The range of the main figures shows how noisy the run was.
  return metric === 'gigabytesPerSecond' && values.length > 1
    ? `${format(value)} (${range})`
    : format(value);
}

function ratioCell(report: Report, scenario: string, peer: string, metric: Metric): string {
  if (peer === OURS) return '';
  const series = (name: string) => ({ scenario, peer: name, metric });
  const ratio = medianRatio(report, series(OURS), series(peer));
  return ratio === undefined ? '-' : `${ratio.toFixed(2)} x`;
}

function failureSection({ trials }: Report): readonly string[] {
  const failures = trials.flatMap(({ scenario, peer, round, failure }) =>
    failure === null
      ? []
      : [`- ${scenario}, ${peer}, round ${String(round)}: ${failure.split('\n')[0] ?? ''}`],
  );
  return failures.length === 0
    ? []
    : ['## Trials that failed', 'Their figures are not counted.', failures.join('\n')];
}

/** Words read from the left; figures, after the first column, line up at their right. */
function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  cells: 'figures' | 'words' = 'figures',
): string {
  const line = (row: readonly string[]): string =>
    `| ${row.map((text) => text.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  const rule = heading.map((_, column) => (column === 0 || cells === 'words' ? '---' : '--:'));
  return [line(heading), line(rule), ...rows.map(line)].join('\n');
}
