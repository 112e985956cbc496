/** Alerts and dashboard: every metric and label in them is one that Forebay gives. */
import { Registry } from 'prom-client';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { createInstruments } from '#src/telemetry/instruments.js';
import { readText } from '../fixtures/source-tree.js';

interface Instrument {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly buckets?: readonly number[];
}

const instruments = Object.values(createInstruments(new Registry())) as unknown as Instrument[];

/** What a scrape adds to every series. */
const SCRAPED = ['instance', 'job'];

/** Labels by series: a histogram has three. */
const series = new Map(
  instruments.flatMap(({ name, labelNames, buckets }): [string, readonly string[]][] => {
    const labels = [...labelNames, ...SCRAPED];
    if (buckets === undefined) return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
);

function checkExpression(t: Test, expression: string): void {
  const names = [...expression.matchAll(/\bforebay_\w+/g)].map(([name]) => name);
  t.same(
    names.filter((name) => !series.has(name)),
    [],
    expression,
  );
  const known = new Set(names.flatMap((name) => series.get(name) ?? []));
  const lists = [...expression.matchAll(/\b(?:by|without) \(([^)]*)\)/g)];
  const grouped = lists.flatMap(([, list = '']) => list.split(/,\s*/));
  const selected = [...expression.matchAll(/[{,]\s*(\w+)\s*[=!]/g)].map(([, label = '']) => label);
  if (names.length > 0) {
    t.same(
      [...grouped, ...selected].filter((label) => !known.has(label)),
      [],
      'labels',
    );
  }
}

t.test('each alert rule uses existing metrics and has annotations', async (t) => {
  const { groups } = parse(readText('deploy/prometheus/forebay.rules.yaml')) as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly annotations: Readonly<Record<string, string>>;
      }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  t.ok(rules.length > 5);
  for (const { alert, expr, annotations } of rules) {
    t.match(alert, /^Forebay[A-Z]/);
    checkExpression(t, expr);
    // What an annotation names has to be left by the aggregation.
    const labels = [
      ...Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g),
    ];
    for (const [, label = ''] of labels) {
      const lists = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, list = '']) => list);
      const left = lists.length === 0 ? SCRAPED : lists.flatMap((list) => list.split(/,\s*/));
      t.ok(left.includes(label), `${alert} tells its ${label}`);
    }
  }
});

t.test("the dashboard's panels use existing metrics", async (t) => {
  const { panels, templating } = JSON.parse(
    readText('deploy/prometheus/forebay.dashboard.json'),
  ) as {
    readonly panels: readonly {
      readonly id: number;
      readonly title: string;
      readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
    }[];
    readonly templating: { readonly list: readonly { readonly name: string; query: unknown }[] };
  };
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const targets = panels.flatMap((panel) => panel.targets);
  t.ok(targets.length > 10);
  for (const { expr, legendFormat } of targets) {
    checkExpression(t, expr);
    for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      t.match(expr, new RegExp(`by \\([^)]*\\b${label}\\b`), `the legend's ${label}`);
    }
  }
  for (const { query } of templating.list) checkExpression(t, JSON.stringify(query));
});
