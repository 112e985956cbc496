import t from 'tap';
import { Reloading } from '#src/assemble/reloading.js';
import { resolveCapacity } from '#src/config/capacity.js';
import { loadConfig } from '#src/config/load.js';
import type { Config, ResolvedConfig } from '#src/config/schema.js';
import { createTelemetry } from '#src/telemetry/telemetry.js';
import { ManualClock } from '../fixtures/manual-clock.js';

const load = (text: string): Config =>
  loadConfig({ flags: { '--config': 'a.yaml' }, env: {}, readText: () => text });

function start() {
  const lines: string[] = [];
  const telemetry = createTelemetry(
    { level: 'info', format: 'json', access: false },
    { write: (line) => lines.push(line) },
  );
  const clock = new ManualClock(50_000);
  const applied: ResolvedConfig[] = [];
  const { config } = resolveCapacity(load('cache: {capacity: 1GiB}'));
  const reloading = new Reloading(config, {
    telemetry,
    clock,
    apply: (next) => applied.push(next),
  });
  const sample = async (name: string) =>
    (await telemetry.metrics.text()).split('\n').find((line) => line.startsWith(name));
  return { lines, clock, applied, reloading, sample };
}

t.test('reload applies a valid configuration and names what needs a restart', async (t) => {
  const { lines, clock, applied, reloading, sample } = start();
  t.equal(
    await sample('forebay_config_last_reload_success'),
    'forebay_config_last_reload_success_timestamp_seconds 50',
  );
  clock.advance(10_000);
  const text = '{cache: {capacity: 1GiB, orderSnapshotInterval: 7s}, log: {level: debug}}';
  t.same(
    reloading.reload(() => load(text)),
    {
      kind: 'applied',
      needsRestart: ['cache.orderSnapshotInterval'],
    },
  );
  t.equal(applied[0]?.log.level, 'debug');
  t.match(lines.join(''), /"keys":\["cache.orderSnapshotInterval"\]/);
  t.equal(
    await sample('forebay_config_reloads_total{result="success"}'),
    'forebay_config_reloads_total{result="success"} 1',
  );
  t.equal(
    await sample('forebay_config_last_reload_success'),
    'forebay_config_last_reload_success_timestamp_seconds 60',
  );
  reloading.reload(() => load('{cache: {capacity: auto}, log: {level: debug}}'));
  t.equal(applied[1]?.cache.capacityBytes, 2 ** 30, 'auto keeps what was settled');
});

t.test('reload applies nothing of an invalid configuration and reports every error', async (t) => {
  const { lines, clock, applied, reloading, sample } = start();
  clock.advance(10_000);
  const outcome = reloading.reload(() => load('{cache: {capacty: 1GiB}, log: {level: loud}}'));
  t.equal(outcome.kind, 'refused');
  const { problems } = JSON.parse(lines[0] ?? '') as { problems: string[] };
  t.match(problems, [/^a\.yaml:1:10: cache\.capacty: .*`cache\.capacity`/, /log\.level/]);
  t.same(outcome.kind === 'refused' && outcome.message.split('\n'), problems);
  t.same(applied, []);
  t.equal(
    await sample('forebay_config_last_reload_success'),
    'forebay_config_last_reload_success_timestamp_seconds 50',
  );
  t.equal(
    await sample('forebay_config_reloads_total{result="failure"}'),
    'forebay_config_reloads_total{result="failure"} 1',
  );
  reloading.reload(() => {
    throw new Error('a defect');
  });
  t.match(lines[1], /a defect/, 'even that leaves the running one alone');
});
