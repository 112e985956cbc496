/**
 * W3C Trace Context: reads from `traceparent` the trace that a client's request belongs to. Pure;
 * used by http/exchange/exchange, and by origin/forward, which forwards the fields.
 */
import { headerValue, type HeaderMap } from './headers.js';

export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 lower-case hex digits, not all zero. */
  readonly parentId: string;
  readonly sampled: boolean;
}

/** Forwarded together: `tracestate` has no meaning without `traceparent`. */
export const TRACE_FIELDS = ['traceparent', 'tracestate'] as const;

/** Section 3.2 of the recommendation. A later version may append more after another `-`. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const INVALID_VERSION = 'ff';
const ALL_ZERO = /^0+$/;
const SAMPLED_FLAG = 1;

/** Parses a `traceparent`; `null` for a malformed one, which must be ignored (section 3.2.2.3). */
export function parseTraceparent(value: string): TraceContext | null {
  const [, version, traceId = '', parentId = '', flags = '', rest] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === INVALID_VERSION) return null;
  if (version === '00' && rest !== undefined) return null;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0 };
}

/**
 * Returns the trace that a request's fields name. If they name none, or a malformed one, removes
 * both fields from `headers`, so that they are not forwarded (section 3.3: `tracestate` is void
 * without `traceparent`).
 */
export function takeTraceContext(headers: HeaderMap): TraceContext | null {
  const traceparent = headerValue(headers, 'traceparent');
  if (traceparent === undefined && headers['tracestate'] === undefined) return null;
  const context = traceparent === undefined ? null : parseTraceparent(traceparent);
  if (context === null) {
    for (const name of TRACE_FIELDS) Reflect.deleteProperty(headers, name);
  }
  return context;
}
