/**
 * `npm run bench`: races Forebay against the caches and servers that are installed, on this
 * machine, with an origin and a load client of its own. bench/README.md says how to read and extend
 * it. Exits with 1 when a trial failed; a missed target is a result, not a failure.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE } from '#src/cli/exit-codes.js';
import { machine } from './harness/machine.js';
import { Processes } from './harness/processes.js';
import { readSettings, type Settings, USAGE } from './harness/settings.js';
import { Stage } from './harness/stage.js';
import { choosePeers, UnknownPeer } from './peers/choose.js';
import { chart } from './report/chart.js';
import { joinReports } from './report/join.js';
import { markdown } from './report/markdown.js';
import { METRICS } from './report/metrics.js';
import type { Report, Trial } from './report/report.js';
import { SCENARIOS } from './scenarios/list.js';
import { runScenarios } from './scenarios/run.js';
import type { Scenario } from './scenarios/scenario.js';
import { whySkipped } from './scenarios/skip.js';
import { countMissed, judge, type Verdict } from './targets.js';

const EXIT_FAILED_TRIAL = 1;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What a trial's main figure came to, as it runs. */
function tell({ scenario, peer, round, metrics, failure }: Trial, shown: Scenario): void {
  const figures = shown.shows.slice(0, 3).flatMap((metric) => {
    const value = metrics[metric];
    return value === undefined ? [] : [`${METRICS[metric].label} ${METRICS[metric].format(value)}`];
  });
  const what = failure === null ? figures.join(', ') : `FAILED: ${failure.trim()}`;
  say(`round ${String(round)}  ${scenario.padEnd(22)} ${peer.padEnd(15)} ${what}`);
}

async function bench(settings: Settings, signal: AbortSignal): Promise<Report> {
  const { peers, facts } = await choosePeers(settings.peers);
  for (const { name, remedy } of facts) {
    if (remedy !== null) say(`${name} is not installed: ${remedy}`);
  }
  const chosen = SCENARIOS.filter(({ name }) => settings.inScope(name));
  const scenarios = chosen.map((scenario) => ({ scenario, skipped: whySkipped(scenario) }));
  for (const { scenario, skipped } of scenarios) {
    if (skipped !== null) say(`${scenario.name} is not run: ${skipped}`);
  }
  const runnable = scenarios.flatMap(({ scenario, skipped }) =>
    skipped === null ? [scenario] : [],
  );
  const stage = await Stage.open(settings, new Processes(signal));
  try {
    const trials = await runScenarios(stage, runnable, peers, (trial) => {
      const shown = runnable.find(({ name }) => name === trial.scenario);
      if (shown !== undefined) tell(trial, shown);
    });
    const { rounds, seconds, objectBytes, quick } = settings;
    return {
      format: 1,
      machine: machine(tmpdir()),
      settings: { rounds, seconds, objectBytes, quick },
      peers: facts,
      scenarios: scenarios.map(({ scenario: { name, title, shows }, skipped }) => ({
        name,
        title,
        shows,
        skipped,
      })),
      trials,
    };
  } finally {
    await stage.close();
  }
}

/** What earlier runs measured, as one report. */
function joined(files: readonly string[]): Report {
  const report = joinReports(files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report));
  if (typeof report === 'string') throw new Error(report);
  return report;
}

/** Writes the table and the chart; returns where the table is. */
function write(report: Report, verdicts: readonly Verdict[], settings: Settings): string {
  const { jsonFile, resultsDirectory } = settings;
  if (jsonFile !== null) {
    writeFileSync(jsonFile, `${JSON.stringify({ ...report, targets: verdicts }, null, 2)}\n`);
  }
  mkdirSync(resultsDirectory, { recursive: true });
  writeFileSync(join(resultsDirectory, 'results.svg'), chart(report));
  const page = join(resultsDirectory, 'results.md');
  writeFileSync(page, markdown(report, verdicts, 'results.svg'));
  return page;
}

function tellTargets(verdicts: readonly Verdict[], quick: boolean): void {
  say('');
  for (const { title, bound, measured, met } of verdicts) {
    if (measured === null) continue;
    const wanted =
      'atLeast' in bound ? `at least ${String(bound.atLeast)}` : `at most ${String(bound.atMost)}`;
    say(`${met === true ? 'met   ' : 'MISSED'} ${title}: ${measured.toFixed(3)}, ${wanted}`);
  }
  say(`${String(countMissed(verdicts))} of ${String(verdicts.length)} targets missed`);
  if (quick) say('a quick run: these figures say nothing about anybody');
}

async function main(): Promise<number> {
  const settings = readSettings(process.argv.slice(2));
  if (typeof settings === 'string') {
    process.stderr.write(`bench: ${settings}\n${USAGE}`);
    return EXIT_USAGE;
  }
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      interrupt.abort(new Error(`ended by ${name}`));
    });
  }
  try {
    const { from } = settings;
    const report = from.length > 0 ? joined(from) : await bench(settings, interrupt.signal);
    const verdicts = judge(report);
    const page = write(report, verdicts, settings);
    tellTargets(verdicts, settings.quick);
    process.stdout.write(`${page}\n`);
    return report.trials.some(({ failure }) => failure !== null) ? EXIT_FAILED_TRIAL : EXIT_OK;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT_INTERRUPTED;
    if (error instanceof UnknownPeer) {
      process.stderr.write(`bench: ${error.message}\n${USAGE}`);
      return EXIT_USAGE;
    }
    say(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT_INTERNAL;
  }
}

process.exitCode = await main();
