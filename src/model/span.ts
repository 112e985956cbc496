/**
 * The port through which all rooms record spans. Implemented by telemetry/tracing; absent when
 * tracing is off.
 */
import type { TraceContext } from './trace-context.js';

/** Values of a span's attributes; names are OpenTelemetry's, or begin with `forebay.`. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One piece of work in progress. `end` is called once; calls after it are ignored. */
export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The `traceparent` to send to an origin, so that its spans continue this one. */
  readonly traceparent: string;
  /** Starts a span for a part of this work. */
  child(name: 'lookup' | 'fill', attributes: SpanAttributes): Span;
  /** Records that this work waited for `other`, which another request began. */
  link(other: Span): void;
  /** Ends the span. `failure` is the error code if the work failed. */
  end(attributes?: SpanAttributes, failure?: string): void;
}

/** Starts the span of each request. */
export interface Tracer {
  request(incoming: TraceContext | null): Span;
}
