import { Registry } from 'prom-client';
import t from 'tap';
import { createInstruments, type InstrumentDescription } from '#src/telemetry/instruments.js';

t.test('every instrument has a Prometheus name and a description', async (t) => {
  const registry = new Registry();
  const told: InstrumentDescription[] = [];
  createInstruments(registry, (instrument) => told.push(instrument));
  const all = await registry.getMetricsAsJSON();
  t.ok(all.length > 20);
  t.same(
    told.map(({ name, type, help }) => [name, type, help]),
    all.map(({ name, type, help }) => [name, String(type), help]),
    'what is told is what is registered',
  );
  for (const { name, type, help } of told) {
    t.match(name, /^forebay_[a-z_]+$/);
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: counters end in _total`);
    t.match(help, /\S[.)]$/, `${name} is described`);
  }
});

/** The names, labels and units that operators were promised. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  requests_total: ['method', 'code', 'result'],
  client_bytes_total: ['source'],
  origin_requests_total: ['origin', 'code'],
  origin_bytes_total: ['origin'],
  origin_retries_total: ['reason'],
  origin_stalls_total: [],
  collapsed_requests_total: [],
  chunks_verified_total: [],
  chunk_verify_failures_total: ['source'],
  evicted_bytes_total: [],
  disk_errors_total: ['op', 'errno'],
  redundant_origin_bytes_total: [],
  rejected_requests_total: ['reason'],
  cache_size_bytes: [],
  cache_limit_bytes: [],
  cache_reserved_bytes: [],
  inflight_requests: [],
  inflight_fills: [],
  stalled_transfers: [],
  origin_breaker_state: ['origin'],
  build_info: ['version', 'node'],
  request_duration_seconds: [],
  time_to_first_byte_seconds: ['result'],
  collapse_wait_seconds: [],
  event_loop_lag_seconds: [],
  config_reloads_total: ['result'],
  config_last_reload_success_timestamp_seconds: [],
};

t.test('metric names and labels are stable', async (t) => {
  const labels = new Map<string, readonly string[]>();
  createInstruments(new Registry(), (one) => labels.set(one.name, one.labels));
  for (const [name, expected] of Object.entries(PROMISED)) {
    t.same(labels.get(`forebay_${name}`), expected, name);
  }
});
