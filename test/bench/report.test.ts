import t from 'tap';
import { globMatcher } from '../../bench/harness/glob.js';
import { median, quantile, relativeSpread } from '../../bench/harness/statistics.js';
import { chart } from '../../bench/report/chart.js';
import { joinReports } from '../../bench/report/join.js';
import { markdown } from '../../bench/report/markdown.js';
import type { Metrics } from '../../bench/report/metrics.js';
import type { Report, Trial } from '../../bench/report/report.js';
import { SCENARIOS } from '../../bench/scenarios/list.js';
import { countMissed, judge, TARGETS } from '../../bench/targets.js';

function trials(scenario: string, peer: string, rounds: readonly Metrics[]): readonly Trial[] {
  return rounds.map((metrics, index) => ({
    scenario,
    peer,
    round: index + 1,
    metrics,
    failure: null,
  }));
}

const rates = (...values: readonly number[]): readonly Metrics[] =>
  values.map((gigabytesPerSecond) => ({ gigabytesPerSecond }));

function reportOf(given: readonly Trial[]): Report {
  return {
    format: 1,
    machine: {
      cpu: 'a <fast> CPU',
      cores: 2,
      memoryBytes: 2 ** 34,
      architecture: 'x64',
      kernel: '6.1',
      fileSystem: 'ext4',
      node: 'v20',
      blake3: 'avx2',
    },
    settings: { rounds: 3, seconds: 1, objectBytes: 2 ** 30, quick: false },
    peers: [
      { name: 'forebay', version: '1', configuration: 'defaults', remedy: null },
      { name: 'nginx-static', version: null, configuration: 'x', remedy: 'apt-get install nginx' },
    ],
    scenarios: SCENARIOS.map(({ name, title, shows }) => ({
      name,
      title,
      shows,
      skipped: name === 'mixed' ? 'there is a reason' : null,
    })),
    trials: given,
  };
}

t.test('median, quantile and relativeSpread are computed as defined', async (t) => {
  t.equal(median([]), undefined);
  t.equal(median([3]), 3);
  t.equal(median([9, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.equal(quantile([1, 2, 3, 4, 5], 0.25), 2);
  t.equal(relativeSpread([8, 10, 12]), 0.2);
});

t.test('a scope selects scenarios by a list of patterns', async (t) => {
  const fits = globMatcher('hit-*, cold-whole-1');
  t.ok(fits('hit-8MiB-8'));
  t.ok(fits('cold-whole-1'));
  t.notOk(fits('cold-whole-16'));
  t.notOk(fits('a-hit-'));
  t.notOk(globMatcher('h.t')('hit'), 'a point is a point');
});

t.test('every target names a scenario and a metric that exist', async (t) => {
  for (const target of TARGETS) {
    const all = 'theirs' in target ? [target.ours, target.theirs] : [target.ours];
    for (const { scenario, metric } of all) {
      const found = SCENARIOS.find(({ name }) => name === scenario);
      t.ok(found, scenario);
      t.ok(found?.shows.includes(metric), `${scenario} shows ${metric}`);
    }
  }
  const names = SCENARIOS.map(({ name }) => name);
  t.equal(new Set(names).size, names.length, 'names are unique');
});

t.test('a target is met by the median of the ratios of each round', async (t) => {
  // The ratio of medians would be 1.0; those of the rounds are 0.5, 1.1 and 2.
  const ours = trials('hit-whole-1', 'forebay', rates(1, 2.2, 4));
  const theirs = trials('hit-whole-1', 'nginx-static', rates(2, 2, 2));
  const [verdict] = judge(reportOf([...ours, ...theirs]));
  t.match(verdict, { measured: 1.1, met: true, bound: { atLeast: 1.05 } });
  const missed = judge(
    reportOf([...trials('hit-whole-1', 'forebay', rates(1, 2, 2.09)), ...theirs]),
  );
  t.match(missed[0], { measured: 1, met: false });
  t.equal(countMissed(missed), 1, 'what was not measured is not missed');
  t.ok(missed.slice(1).every(({ met }) => met === null));
});

t.test('failed trials are left out of the result', async (t) => {
  const ours = trials('hit-whole-1', 'forebay', rates(100)).map((trial) => ({
    ...trial,
    failure: 'a wrong byte',
  }));
  const report = reportOf([...ours, ...trials('hit-whole-1', 'nginx-static', rates(1))]);
  t.match(judge(report)[0], { measured: null, met: null });
  t.match(
    markdown(report, judge(report), 'c.svg'),
    '- hit-whole-1, forebay, round 1: a wrong byte',
  );
});

t.test('a loss is a miss only beyond the spread of the baseline', async (t) => {
  const verdictOf = (withSlow: readonly number[]) =>
    judge(
      reportOf([
        ...trials('slow-client-without', 'forebay', rates(9, 10, 11)),
        ...trials('slow-client-with', 'forebay', rates(...withSlow)),
      ]),
    ).find(({ title }) => title.startsWith('slow-client'));
  t.match(verdictOf([9, 9.5, 10]), { met: true, bound: { atLeast: 0.9 } });
  t.match(verdictOf([8, 8, 8]), { met: false });
});

t.test('storms, late ranges and memory have their own bounds', async (t) => {
  const of = (multiple: number, latency: number, rss: number): readonly (boolean | null)[] =>
    judge(
      reportOf([
        ...trials('cold-whole-1', 'forebay', [{ seconds: 1 }]),
        ...trials('cold-storm-16', 'forebay', [{ seconds: 1.5, originMultiple: multiple }]),
        ...trials('cold-late-range', 'origin', [{ ttfbP50Ms: 1 }]),
        ...trials('cold-late-range', 'forebay', [{ ttfbP50Ms: latency }]),
        ...trials('hit-8MiB-64', 'forebay', [{ peakRssBytes: rss * 2 ** 20 }]),
      ]),
    )
      .filter(({ met }) => met !== null)
      .map(({ met }) => met);
  t.same(of(1, 16, 250), [true, true, true, true]);
  t.same(of(1.01, 16.1, 251), [true, false, false, false]);
});

t.test('the page and the chart contain the results', async (t) => {
  const report = reportOf([
    ...trials('hit-whole-1', 'forebay', rates(3, 4, 5)),
    ...trials('hit-whole-1', 'nginx-static', rates(2, 2, 2)),
    ...trials('hit-8MiB-8', 'forebay', [{ gigabytesPerSecond: 1, originMultiple: 0.5 }]),
  ]);
  const page = markdown(report, judge(report), 'results.svg');
  t.match(page, '| forebay | 4.00 (3.00 to 5.00) |');
  t.match(page, /\| nginx-static \| 2\.00 .* 2\.00 x \|/);
  t.match(page, '`apt-get install nginx`');
  t.match(page, 'Not run: there is a reason.');
  t.match(page, 'The origin was asked again by: forebay.');
  t.match(page, '![Chart](results.svg)');
  const drawn = chart(report);
  t.equal(drawn.match(/<rect /g)?.length, 4, 'a background and three bars');
  t.notMatch(chart(reportOf([])), '<text');
});

t.test('a run in several parts is merged into one report', (t) => {
  const scenario = (name: string, skipped: string | null = null) => ({
    name,
    title: name,
    shows: ['gigabytesPerSecond' as const],
    skipped,
  });
  const part = (name: string, value: number, skipped: string | null = null): Report => ({
    ...reportOf(trials(name, 'forebay', rates(value))),
    scenarios: [
      scenario('a', name === 'a' ? skipped : 'not now'),
      scenario('b', name === 'b' ? skipped : 'not now'),
    ],
  });
  const joined = joinReports([part('a', 1), part('b', 2), part('b', 3)]);
  if (typeof joined === 'string') throw new Error(joined);
  t.same(
    joined.scenarios.map(({ name, skipped }) => [name, skipped]),
    [
      ['a', null],
      ['b', null],
    ],
  );
  t.same(
    joined.trials.map(({ scenario: of, metrics }) => [of, metrics.gigabytesPerSecond]),
    [
      ['a', 1],
      ['b', 2],
    ],
    'of each scenario the first that ran it',
  );
  t.same(
    joined.peers.map(({ name }) => name),
    reportOf([]).peers.map(({ name }) => name),
  );
  const other = part('b', 2);
  t.type(joinReports([]), 'string');
  t.match(
    joinReports([part('a', 1), { ...other, settings: { ...other.settings, rounds: 9 } }]),
    'rounds',
  );
  t.match(
    joinReports([part('a', 1), { ...other, machine: { ...other.machine, cores: 64 } }]),
    'machines',
  );
  t.end();
});
