/** The instruments that telemetry/metrics moves: names, labels, buckets. docs/METRICS.md lists them. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** From a hit in page cache to a client that reads a 100 GiB model for minutes. */
const DURATION_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800];
/** From a hit to the longest wait for an origin that the defaults allow. */
const FIRST_BYTE_BUCKETS = [0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5, 20, 60];
/** The loop only decides: 10 ms of lag is already worth a look. */
const LAG_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

export type Instruments = ReturnType<typeof createInstruments>;

/** Registers every instrument once, in `registry`. */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `forebay_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `forebay_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ) => new Histogram({ name: `forebay_${name}`, help, buckets, labelNames, registers });

  return {
    requests: counter('requests_total', 'Requests that ended.', ['method', 'code', 'result']),
    clientBytes: counter('client_bytes_total', 'Body bytes sent to clients.', ['source']),
    rejected: counter('rejected_requests_total', 'Requests turned away.', ['reason']),
    coalesced: counter('coalesced_requests_total', "Requests that waited on another's fetch."),
    originRequests: counter('origin_requests_total', 'Responses of origins.', ['origin', 'code']),
    originBytes: counter('origin_bytes_total', 'Body bytes received from origins.', ['origin']),
    originRetries: counter('origin_retries_total', 'Fetches tried again.', ['reason']),
    originStalls: counter('origin_stalls_total', 'Fetches that stood still or were too slow.'),
    redundantBytes: counter('redundant_origin_bytes_total', 'Origin bytes fetched in vain.'),
    chunksVerified: counter('chunks_verified_total', 'Chunks compared with their ids.'),
    verifyFailures: counter('chunk_verify_failures_total', 'Chunks that differed.', ['source']),
    objectsVerified: counter('objects_verified_total', 'Objects that match their claimed digest.'),
    verificationsGivenUp: counter(
      'object_verifications_given_up_total',
      'Checks of a digest that the capacity did not allow.',
    ),
    evictedBytes: counter('evicted_bytes_total', 'Bytes evicted to make room.'),
    diskErrors: counter('disk_errors_total', 'Failed file operations.', ['op', 'errno']),
    droppedChunks: counter('dropped_chunks_total', 'Chunks given up.', ['reason']),

    inflightRequests: gauge('inflight_requests', 'Requests being answered.'),
    connections: gauge('client_connections', 'Open client connections.'),
    inflightFills: gauge('inflight_fills', 'Fetches running.'),
    queuedFills: gauge('queued_fills', 'Fetches waiting for a lane.'),
    cacheSize: gauge('cache_size_bytes', 'Bytes that the cache takes on disk.'),
    cacheLimit: gauge('cache_limit_bytes', 'The hard limit of cache_size_bytes.'),
    cacheReserved: gauge('cache_reserved_bytes', 'Bytes reserved for fills in progress.'),
    cacheMemory: gauge('cache_memory_bytes', 'Bytes served through memory.'),
    cacheChunks: gauge('cache_chunks', 'Chunks held.'),
    cacheWritable: gauge('cache_writable', '1 while the disk takes chunks, else 0.'),
    breakerState: gauge('origin_breaker_state', '0 closed, 1 half-open, 2 open.', ['origin']),
    buildInfo: gauge('build_info', 'Always 1.', ['version', 'node']),

    duration: histogram(
      'request_duration_seconds',
      'From the request to the end of its response.',
      DURATION_BUCKETS,
    ),
    firstByte: histogram(
      'time_to_first_byte_seconds',
      'From the request to the head of its response.',
      FIRST_BYTE_BUCKETS,
      ['result'],
    ),
    coalesceWait: histogram(
      'coalesce_wait_seconds',
      "Waits of requests that joined another's fetch, to their head.",
      FIRST_BYTE_BUCKETS,
    ),
    eventLoopLag: histogram(
      'event_loop_lag_seconds',
      'How late a timer of the main thread fires.',
      LAG_BUCKETS,
    ),
  };
}
