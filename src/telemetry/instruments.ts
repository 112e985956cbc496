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
      'Requests that ended. method: GET, HEAD, other, or unknown if it could not be parsed. ' +
        'code: the status sent; 499 if the client left before it.',
      ['method', 'code', 'result'],
    ),
    clientBytes: requests.counter(
      'client_bytes_total',
      'Body bytes sent to clients: from the cache, or fetched from the origin for this very request.',
      ['source'],
    ),
    rejected: requests.counter(
      'rejected_requests_total',
      'Requests refused before a lookup. reason: malformed-target, ambiguous-path, ' +
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
      'From the request to the head of its response, for collapsed requests.',
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
      'Retried fetches. reason: a code of docs/ERRORS.md.',
      ['reason'],
    ),
    originStalls: origins.counter(
      'origin_stalls_total',
      'Fetches that stalled or were slower than fill.minRate, and were retried on a new connection.',
    ),
    redundantBytes: origins.counter(
      'redundant_origin_bytes_total',
      'Origin bytes that were dropped: overlaps of attempts, and chunks or objects with wrong bytes.',
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
      'Fetches that waited, or read-ahead that was skipped, because their client was at its limit.',
    ),
    inflightFills: origins.gauge('inflight_fills', 'Fetches running.'),
    queuedFills: origins.gauge('queued_fills', 'Fetches waiting for a lane.'),
    stalledTransfers: origins.gauge(
      'stalled_transfers',
      'Fetches that have received no byte for 1 s or more, pauses between attempts ' +
        'included. Each counts once, however many clients wait for it. Stalled clients do ' +
        'not count; GET /api/v1/transfers shows them.',
    ),

    cacheSize: cache.gauge('cache_size_bytes', 'Bytes that the cache takes on disk.'),
    cacheLimit: cache.gauge('cache_limit_bytes', 'The hard limit of cache_size_bytes.'),
    cacheReserved: cache.gauge('cache_reserved_bytes', 'Bytes reserved for fills in progress.'),
    cacheMetadata: cache.gauge(
      'cache_metadata_bytes',
      'Part of cache_size_bytes: manifests and response records, with their directories.',
    ),
    cacheMetadataLimit: cache.gauge(
      'cache_metadata_limit_bytes',
      'The limit of cache_metadata_bytes: cache.metadataCapacity.',
    ),
    cacheMemory: cache.gauge(
      'cache_memory_bytes',
      'Bytes in memory, because the disk cannot take them or they must not be stored.',
    ),
    cacheChunks: cache.gauge('cache_chunks', 'Chunks held.'),
    cacheWritable: cache.gauge(
      'cache_writable',
      '1 while chunks can be stored; 0: everything is served through memory.',
    ),
    chunksVerified: cache.counter(
      'chunks_verified_total',
      'Held chunks that were verified against their ids.',
    ),
    verifyFailures: cache.counter(
      'chunk_verify_failures_total',
      'Chunks that differed from their ids or digest, from the origin or on disk.',
      ['source'],
    ),
    objectsVerified: cache.counter(
      'objects_verified_total',
      'Whole objects that were verified against their claimed digest.',
    ),
    verificationsGivenUp: cache.counter(
      'object_verifications_given_up_total',
      'Digest checks that were abandoned because the capacity was too small.',
    ),
    droppedChunks: cache.counter(
      'dropped_chunks_total',
      'Chunks dropped. reason: corrupt, missing, unreadable, replaced or purged.',
      ['reason'],
    ),
    evictedBytes: cache.counter('evicted_bytes_total', 'Bytes evicted to make room.'),
    evictedMetadata: cache.counter(
      'evicted_metadata_total',
      'Evicted manifests and response records. kind: manifest or response.',
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
      'Spans that were exported to the collector, or dropped.',
      ['result'],
    ),
    buildInfo: ofProcess.gauge('build_info', 'Always 1.', ['version', 'node']),
  };
}
