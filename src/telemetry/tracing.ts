/**
 * Spans for an OpenTelemetry collector (OTLP over HTTP). assemble starts it where the configuration
 * names a collector; only then are OpenTelemetry's packages loaded. A collector that fails costs
 * spans, never a request.
 */
import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Span as ApiSpan, SpanKind, Tracer as ApiTracer } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { within } from '../model/deferred.js';
import type { Span, SpanAttributes, Tracer } from '../model/span.js';
import type { Clock } from '../model/time.js';
import type { TraceContext } from '../model/trace-context.js';

/** Spans that wait for the collector; beyond them new ones are dropped. About 1 KiB each. */
const MAX_QUEUED_SPANS = 2048;
/** Spans of one request to the collector. */
const MAX_BATCH_SPANS = 512;
/** Spans leave at least this often. */
const EXPORT_INTERVAL_MS = 5_000;
/** One export, its retries included. */
const EXPORT_TIMEOUT_MS = 5_000;
/** At a stop the last spans may take this long: a collector that is gone delays no restart. */
export const STOP_WAIT_MS = 2_000;

export interface TracingOptions {
  /** The collector's base URL, without slash at the end; `/v1/traces` is added. */
  readonly endpoint: string;
  /** Of the traces that begin here, how many are recorded: 0 to 1. A client's decision is kept. */
  readonly sampleRatio: number;
  readonly version: string;
  readonly clock: Clock;
  /** Called after each export. */
  readonly exported: (result: 'exported' | 'dropped', spans: number) => void;
}

export interface Tracing extends Tracer {
  /** Sends what waits, within a bound. */
  stop(): Promise<void>;
}

type Api = typeof OpenTelemetry;

/** Loads OpenTelemetry. Nothing is connected before the first batch of spans. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const [api, sdk, otlp, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new otlp.OTLPTraceExporter({
    url: `${options.endpoint}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
    // At a stop all batches leave at once: a lower limit would refuse some of them.
    concurrencyLimit: MAX_QUEUED_SPANS / MAX_BATCH_SPANS,
  });
  const batches = new sdk.BatchSpanProcessor(counting(exporter, options), {
    maxQueueSize: MAX_QUEUED_SPANS,
    maxExportBatchSize: MAX_BATCH_SPANS,
    scheduledDelayMillis: EXPORT_INTERVAL_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': 'forebay',
      'service.version': options.version,
    }),
    sampler: new sdk.ParentBasedSampler({
      root: new sdk.TraceIdRatioBasedSampler(options.sampleRatio),
    }),
    spanProcessors: [batches],
  });
  const spans = new Spans(api, provider.getTracer('forebay', options.version));
  return {
    request: (incoming) => spans.request(incoming),
    stop: async () => {
      const late = (): Error => new Error('spans were still on their way');
      const bound = { clock: options.clock, ms: STOP_WAIT_MS, timedOut: late, aborted: late };
      // Spans that are lost then are not counted.
      await within(provider.shutdown(), bound).catch(() => undefined);
    },
  };
}

/** Counts what each export comes to: the exporter gives an error with each failure. */
function counting(exporter: SpanExporter, { exported }: TracingOptions): SpanExporter {
  return {
    export: (spans, done) => {
      exporter.export(spans, (result) => {
        exported(result.error === undefined ? 'exported' : 'dropped', spans.length);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

class Spans implements Tracer {
  readonly #api: Api;
  readonly #tracer: ApiTracer;

  constructor(api: Api, tracer: ApiTracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  request(incoming: TraceContext | null): Span {
    const { ROOT_CONTEXT, SpanKind, trace, TraceFlags } = this.#api;
    const parent =
      incoming === null
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId: incoming.traceId,
            spanId: incoming.parentId,
            traceFlags: incoming.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
            isRemote: true,
          });
    return this.#start('request', SpanKind.SERVER, {}, parent);
  }

  #start(name: string, kind: SpanKind, attributes: SpanAttributes, parent: Context): Span {
    const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = this.#api;
    const span = this.#tracer.startSpan(name, { kind, attributes }, parent);
    const { traceId, spanId, traceFlags } = span.spanContext();
    const flags = traceFlags.toString(16).padStart(2, '0');
    const own: Span = {
      traceId,
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      child: (childName, more) => {
        const childKind = childName === 'fill' ? SpanKind.CLIENT : SpanKind.INTERNAL;
        return this.#start(childName, childKind, more, trace.setSpan(ROOT_CONTEXT, span));
      },
      link: (other) => {
        const linked = apiSpans.get(other);
        if (linked !== undefined) span.addLink({ context: linked.spanContext() });
      },
      end: (more, failure) => {
        if (more !== undefined) span.setAttributes(more);
        if (failure !== undefined) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        }
        span.end();
      },
    };
    apiSpans.set(own, span);
    return own;
  }
}

/** The API's span behind each span: links need it. */
const apiSpans = new WeakMap<Span, ApiSpan>();
