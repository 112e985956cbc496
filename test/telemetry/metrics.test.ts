import t from 'tap';
import type { ChunkId } from '#src/model/ids.js';
import { Metrics } from '#src/telemetry/metrics.js';
import type { RequestRecord } from '#src/telemetry/request-record.js';

const RECORD: RequestRecord = {
  requestId: 'r',
  traceId: null,
  method: 'GET',
  target: '/secret/model',
  range: null,
  status: 200,
  result: 'miss',
  ending: 'complete',
  code: null,
  collapsed: false,
  bytesSent: 100,
  originBytes: 30,
  waitMs: 15,
  transferMs: 985,
};

async function samples(metrics: Metrics): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => !line.startsWith('#'));
}

t.test('requests are counted by result, with bytes and durations', async (t) => {
  const metrics = new Metrics();
  metrics.requestStarted();
  metrics.requestStarted();
  metrics.requestFinished(RECORD);
  const lines = await samples(metrics);
  for (const line of [
    'forebay_inflight_requests 1',
    'forebay_requests_total{method="GET",code="200",result="miss"} 1',
    'forebay_client_bytes_total{source="origin"} 30',
    'forebay_client_bytes_total{source="cache"} 70',
    'forebay_request_duration_seconds_sum 1',
    'forebay_time_to_first_byte_seconds_sum{result="miss"} 0.015',
    'forebay_collapsed_requests_total 0',
  ]) {
    t.ok(lines.includes(line), line);
  }
  t.notMatch(lines.join(), /secret/, 'no names of models');
});

t.test('labels are bounded whatever clients send, and bytes count once', async (t) => {
  const metrics = new Metrics();
  for (let i = 0; i < 50; i += 1) {
    metrics.requestFinished({ ...RECORD, method: `M${String(i)}`, originBytes: 500 });
  }
  const lines = await samples(metrics);
  t.ok(lines.includes('forebay_requests_total{method="other",code="200",result="miss"} 50'));
  t.ok(lines.includes('forebay_client_bytes_total{source="origin"} 5000'));
  t.ok(lines.includes('forebay_client_bytes_total{source="cache"} 0'));
});

t.test('requests refused before parsing are counted, without a duration', async (t) => {
  const metrics = new Metrics();
  const unread = {
    requestId: 'r',
    method: null,
    target: null,
    code: 'bad-request',
    ending: 'complete',
    bytesSent: 30,
  } as const;
  metrics.unreadRequestRefused({ ...unread, status: 400 });
  metrics.unreadRequestRefused({ ...unread, status: null, bytesSent: 0 });
  const lines = await samples(metrics);
  for (const line of [
    'forebay_requests_total{method="unknown",code="400",result="refused"} 1',
    'forebay_client_bytes_total{source="cache"} 30',
    'forebay_inflight_requests 0',
    'forebay_request_duration_seconds_count 0',
  ]) {
    t.ok(lines.includes(line), line);
  }
  t.equal(lines.filter((line) => line.startsWith('forebay_requests_total')).length, 1);
});

t.test('collapsed requests are counted', async (t) => {
  const metrics = new Metrics();
  metrics.requestFinished({ ...RECORD, collapsed: true });
  const lines = await samples(metrics);
  t.ok(lines.includes('forebay_collapsed_requests_total 1'));
  t.ok(lines.includes('forebay_collapse_wait_seconds_sum 0.015'));
});

t.test('events of origins, chunks and disks are counted', async (t) => {
  const metrics = new Metrics();
  metrics.fetchFinished('hub', {
    originBytes: 42,
    statuses: [206, 503],
    retries: ['origin-status'],
    stalls: 2,
  });
  metrics.originBytesWasted(7);
  metrics.chunkVerified();
  metrics.chunkMismatched('disk');
  metrics.objectVerified();
  metrics.verificationGivenUp();
  metrics.evicted(8);
  metrics.diskError('write', 'ENOSPC');
  metrics.dropped('x' as ChunkId, 'corrupt');
  metrics.requestRejected('loop');
  metrics.eventLoopLagged(20);
  const lines = await samples(metrics);
  for (const line of [
    'forebay_origin_requests_total{origin="hub",code="206"} 1',
    'forebay_origin_requests_total{origin="hub",code="503"} 1',
    'forebay_origin_bytes_total{origin="hub"} 42',
    'forebay_origin_retries_total{reason="origin-status"} 1',
    'forebay_origin_stalls_total 2',
    'forebay_redundant_origin_bytes_total 7',
    'forebay_chunks_verified_total 1',
    'forebay_chunk_verify_failures_total{source="disk"} 1',
    'forebay_evicted_bytes_total 8',
    'forebay_disk_errors_total{op="write",errno="ENOSPC"} 1',
    'forebay_dropped_chunks_total{reason="corrupt"} 1',
    'forebay_rejected_requests_total{reason="loop"} 1',
    'forebay_event_loop_lag_seconds_sum 0.02',
  ]) {
    t.ok(lines.includes(line), line);
  }
});

t.test('gauges are read at collection time', async (t) => {
  const metrics = new Metrics();
  let connections = 3;
  metrics.observe({ connections: () => connections });
  metrics.observe({
    fills: () => ({ active: 2, queued: 5 }),
    stalled: () => 1,
    connectionsAllowed: () => [{ name: 'hub', count: 16 }],
    breakers: () => [
      { name: 'hub', state: 'open' },
      { name: 'other', state: 'closed' },
    ],
    store: () => ({
      capacityBytes: 100,
      usedBytes: 60,
      reservedBytes: 8,
      memoryBytes: 1,
      objects: 2,
      chunks: 7,
      orphans: 0,
      metadataBytes: 0,
      metadataCapacityBytes: 0,
      evictedBytesTotal: 0,
      writable: false,
    }),
  });
  t.ok((await samples(metrics)).includes('forebay_client_connections 3'));
  connections = 4;
  const lines = await samples(metrics);
  for (const line of [
    'forebay_client_connections 4',
    'forebay_inflight_fills 2',
    'forebay_queued_fills 5',
    'forebay_stalled_transfers 1',
    'forebay_cache_limit_bytes 100',
    'forebay_cache_size_bytes 60',
    'forebay_cache_reserved_bytes 8',
    'forebay_cache_memory_bytes 1',
    'forebay_cache_chunks 7',
    'forebay_cache_writable 0',
    'forebay_origin_connections_allowed{origin="hub"} 16',
    'forebay_origin_breaker_state{origin="hub"} 2',
    'forebay_origin_breaker_state{origin="other"} 0',
  ]) {
    t.ok(lines.includes(line), line);
  }
});

t.test('the process is described, and two instances do not interfere', async (t) => {
  const metrics = new Metrics();
  metrics.describeProcess('1.2.3');
  new Metrics();
  const text = await metrics.text();
  t.match(text, /forebay_build_info\{version="1.2.3",node="\d+\.\d+\.\d+"\} 1/);
  t.match(text, /process_resident_memory_bytes \d+/);
  t.match(metrics.contentType, /^text\/plain; version=0.0.4/);
});

t.test('reloads are counted by result, with the time of the running configuration', async (t) => {
  const metrics = new Metrics();
  metrics.configLoaded(5_000);
  metrics.configReloaded('failure', 9_000);
  const failed = await samples(metrics);
  t.ok(failed.includes('forebay_config_last_reload_success_timestamp_seconds 5'));
  metrics.configReloaded('success', 10_500);
  const lines = await samples(metrics);
  t.ok(lines.includes('forebay_config_reloads_total{result="failure"} 1'));
  t.ok(lines.includes('forebay_config_reloads_total{result="success"} 1'));
  t.ok(lines.includes('forebay_config_last_reload_success_timestamp_seconds 10.5'));
  metrics.spansExported('dropped', 3);
  t.ok((await samples(metrics)).includes('forebay_trace_spans_total{result="dropped"} 3'));
});
