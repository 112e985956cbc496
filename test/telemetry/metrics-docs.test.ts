import t from 'tap';
import { describeInstruments, metricsDocument, unitOf } from '#src/telemetry/metrics-docs.js';

t.test('every instrument has its row, with type, labels, unit and meaning', async (t) => {
  const lines = metricsDocument().split('\n');
  for (const { name, type, labels, help } of describeInstruments()) {
    const row = lines.find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
    t.ok(row.includes(`| ${type} |`), name);
    t.ok(row.endsWith(`| ${unitOf(name)} | ${help} |`), name);
    for (const label of labels) t.ok(row.includes(`\`${label}\``), `${name}: ${label}`);
    t.equal(row.split('|').length, 7, `${name}: nothing breaks the table`);
  }
});

t.test('alerts use instruments and labels that exist', async (t) => {
  const instruments = new Map(describeInstruments().map((one) => [one.name, one]));
  const text = metricsDocument();
  for (const [, name = '', label] of text.matchAll(/(forebay_[a-z_]+)(?:\{([a-z]+)=)?/g)) {
    const found = instruments.get(name.replace(/_(?:bucket|sum|count)$/, ''));
    t.ok(found, name);
    if (label !== undefined) t.ok(found?.labels.includes(label), `${name}{${label}}`);
  }
});

t.test('metric names end with their unit', async (t) => {
  t.equal(unitOf('forebay_cache_size_bytes'), 'bytes');
  t.equal(unitOf('forebay_evicted_bytes_total'), 'bytes');
  t.equal(unitOf('forebay_request_duration_seconds'), 'seconds');
  t.equal(unitOf('forebay_requests_total'), '1');
});
