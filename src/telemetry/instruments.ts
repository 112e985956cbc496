/**
 * The instruments that telemetry/metrics updates, with name, type, labels and help text.
 * docs/METRICS.md is generated from here (telemetry/metrics-docs).
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { TallyHistogram } from './tally-histogram.js';

/** From a hit in page cache to a client that reads a 100 GiB model for minutes. */
const DURATION_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800];
/** From a hit to the longest wait for an origin that the defaults allow. */
const FIRST_BYTE_BUCKETS = [0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5, 20, 60];
/** The loop only decides: 10 ms of lag is already worth a look. */
const LAG_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/** What an instrument is about: a section of the page. */
export type Subject = 'requests' | 'origins' | 'cache' | 'process';

/** The documentation of one instrument. */
export interface InstrumentDescription {
  readonly subject: Subject;
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** A sentence; Prometheus shows it as HELP. */
  readonly help: string;
}

export type Instruments = ReturnType<typeof createInstruments>;

/** Registers every instrument once, in `registry`; calls `onInstrument` for each, in order. */
export function createInstruments(
  registry: Registry,
  onInstrument: (instrument: InstrumentDescription) => void = () => undefined,
) {
  const registers = [registry];
  const about = (subject: Subject) => {
    const define = <Label extends string>(
      type: InstrumentDescription['type'],
      short: string,
      help: string,
      labelNames: Label[],
    ) => {
      const name = `forebay_${short}`;
      onInstrument({ subject, name, type, labels: labelNames, help });
      return { name, help, labelNames, registers };
    };
    return {
      counter: <Label extends string>(name: string, help: string, labels: Label[] = []) =>
        new Counter(define('counter', name, help, labels)),
      gauge: <Label extends string>(name: string, help: string, labels: Label[] = []) =>
        new Gauge(define('gauge', name, help, labels)),
      histogram: <Label extends string>(
        name: string,
        help: string,
        buckets: number[],
        labels: Label[] = [],
      ) => new TallyHistogram({ ...define('histogram', name, help, labels), buckets }),
    };
  };
  const requests = about('requests');
  const origins = about('origins');
  const cache = about('cache');
  const ofProcess = about('process');

  return {
    requests: requests.counter(
      'requests_total',
      'Requests that ended. method: GET, HEAD, other, or unknown where it could not be read. ' +
        'code: the status sent; 499 where the client left before there was one.',
      ['method', 'code', 'result'],
    ),
    clientBytes: requests.counter(
      'client_bytes_total',
      'Body bytes sent to clients: from the cache, or fetched from the origin for this very request.',
      ['source'],
    ),
    rejected: requests.counter(
      'rejected_requests_total',
      'Requests turned away before the cache was asked. reason: malformed-target, ambiguous-path, ' +
        'no-such-mount, method-not-allowed, body-not-allowed, ambiguous-framing, ' +
        'body-too-large, missing-host, duplicate-host, malformed-host, unknown-expectation, ' +
        'unsupported-version, too-many-connections, pipelining, bad-request, ' +
        'head-too-large or request-timeout.',
      ['reason'],
    ),
    collapsed: requests.counter(
      'collapsed_requests_total',
      'Requests that waited on or read from a fetch that another request began.',
    ),
    hitServer: requests.counter(
      'hit_server_answers_total',
      'Requests answered by the native hit threads.',
    ),
    inflightRequests: requests.gauge('inflight_requests', 'Requests being answered.'),
    connections: requests.gauge('client_connections', 'Open client connections.'),
    duration: requests.histogram(
      'request_duration_seconds',
      'From the request to the end of its response.',
      DURATION_BUCKETS,
    ),
    firstByte: requests.histogram(
      'time_to_first_byte_seconds',
      'From the request to the head of its response.',
      FIRST_BYTE_BUCKETS,
      ['result'],
    ),
    collapseWait: requests.histogram(
      'collapse_wait_seconds',
      "From the request to the head of its response, of requests that joined another's fetch.",
      FIRST_BYTE_BUCKETS,
    ),

    originRequests: origins.counter(
      'origin_requests_total',
      'Responses of origins. origin: its configured name.',
      ['origin', 'code'],
    ),
    originBytes: origins.counter('origin_bytes_total', 'Body bytes received from origins.', [
      'origin',
    ]),
    originRetries: origins.counter(
      'origin_retries_total',
      'Fetches tried again. reason: a code of docs/ERRORS.md.',
      ['reason'],
    ),
    originStalls: origins.counter(
      'origin_stalls_total',
      'Fetches that stood still or were slower than fill.minRate, and were given up for another try.',
    ),
    redundantBytes: origins.counter(
      'redundant_origin_bytes_total',
      'Origin bytes fetched in vain: of chunks or objects that differed from what they should be.',
    ),
    breakerState: origins.gauge('origin_breaker_state', '0 closed, 1 half-open, 2 open.', [
      'origin',
    ]),
    connectionsAllowed: origins.gauge(
      'origin_connections_allowed',
      'Connections that fetches from the origin may have now: 8 to begin with, more while that raises the ' +
        'throughput, origins[].maxConnections at most.',
      ['origin'],
    ),
    clientShareFull: origins.counter(
      'client_share_full_total',
      'Fetches that waited, or read-ahead left out, as their client had as many as it may have.',
    ),
    inflightFills: origins.gauge('inflight_fills', 'Fetches running.'),
    queuedFills: origins.gauge('queued_fills', 'Fetches waiting for a lane.'),
    stalledTransfers: origins.gauge(
      'stalled_transfers',
      'Fetches from origins that have received no byte for 1 s or more, pauses between attempts ' +
        'included. Each counts once, however many clients wait for it. Clients that take nothing do ' +
        'not count: GET /api/v1/transfers shows those too.',
    ),

    cacheSize: cache.gauge('cache_size_bytes', 'Bytes that the cache takes on disk.'),
    cacheLimit: cache.gauge('cache_limit_bytes', 'The hard limit of cache_size_bytes.'),
    cacheReserved: cache.gauge('cache_reserved_bytes', 'Bytes reserved for fills in progress.'),
    cacheMetadata: cache.gauge(
      'cache_metadata_bytes',
      'Of cache_size_bytes, what manifests and response records take, their directories included.',
    ),
    cacheMetadataLimit: cache.gauge(
      'cache_metadata_limit_bytes',
      'What these may take before the least recently used go: cache.metadataCapacity.',
    ),
    cacheMemory: cache.gauge(
      'cache_memory_bytes',
      'Bytes served through memory, because the disk cannot take them or they may not be stored.',
    ),
    cacheChunks: cache.gauge('cache_chunks', 'Chunks held.'),
    cacheWritable: cache.gauge(
      'cache_writable',
      '1 while the disk takes chunks, else 0: everything is served through memory.',
    ),
    chunksVerified: cache.counter(
      'chunks_verified_total',
      'Held chunks compared with their ids and found right.',
    ),
    verifyFailures: cache.counter(
      'chunk_verify_failures_total',
      'Chunks that differed from their ids or digest, as they came from the origin or lay on disk.',
      ['source'],
    ),
    objectsVerified: cache.counter(
      'objects_verified_total',
      'Whole objects that match the digest claimed for them.',
    ),
    verificationsGivenUp: cache.counter(
      'object_verifications_given_up_total',
      'Checks of a digest that the capacity did not allow.',
    ),
    droppedChunks: cache.counter(
      'dropped_chunks_total',
      'Chunks given up. reason: corrupt, missing, unreadable, replaced or purged.',
      ['reason'],
    ),
    evictedBytes: cache.counter('evicted_bytes_total', 'Bytes evicted to make room.'),
    evictedMetadata: cache.counter(
      'evicted_metadata_total',
      'Manifests and response records that gave way to newer ones. kind: manifest or response.',
      ['kind'],
    ),
    diskErrors: cache.counter('disk_errors_total', 'Failed file operations.', ['op', 'errno']),

    eventLoopLag: ofProcess.histogram(
      'event_loop_lag_seconds',
      'How late a timer of the main thread fires, sampled twice a second.',
      LAG_BUCKETS,
    ),
    configReloads: ofProcess.counter(
      'config_reloads_total',
      'Reloads of the configuration. result: success, or failure, which changed nothing.',
      ['result'],
    ),
    configReloadTime: ofProcess.gauge(
      'config_last_reload_success_timestamp_seconds',
      'When the configuration in use was loaded, at the start or by a reload (Unix time).',
    ),
    spansExported: ofProcess.counter(
      'trace_spans_total',
      'Spans that left for the collector (exported) or could not (dropped).',
      ['result'],
    ),
    buildInfo: ofProcess.gauge('build_info', 'Always 1.', ['version', 'node']),
  };
}
