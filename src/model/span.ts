/**
 * Spans as the rooms see them: a port that telemetry/tracing implements, absent where tracing is
 * off.
 */
import type { TraceContext } from './trace-context.js';

/** Values of a span's attributes; names are OpenTelemetry's, or begin with `forebay.`. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One piece of work. Call `end` once; later calls are ignored. */
export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The `traceparent` with which an origin continues here. */
  readonly traceparent: string;
  /** A piece of this work. */
  child(name: 'lookup' | 'fill', attributes: SpanAttributes): Span;
  /** This work waited for `other`, a span of another request: related, but not a parent. */
  link(other: Span): void;
  /** `failure`: the code of what went wrong. */
  end(attributes?: SpanAttributes, failure?: string): void;
}

/** Begins the span of each request. */
export interface Tracer {
  request(incoming: TraceContext | null): Span;
}
