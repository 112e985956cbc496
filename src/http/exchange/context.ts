/** The facts about a request when it begins; http/exchange/exchange makes its answer from them. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { headersFromRaw, headerValue } from '../../model/headers.js';
import type { Span, Tracer } from '../../model/span.js';
import { takeTraceContext } from '../../model/trace-context.js';
import { type Believed, ownUrl } from '../request/own-url.js';
import { parseRange } from '../request/range-header.js';
import { requestId } from '../request/request-id.js';
import { readTarget } from '../request/request-target.js';
import type { ReplyContext } from '../reply/respond.js';

/** 2^128 delimiters: none occurs in an object by chance, and none can be foreseen. */
const BOUNDARY_BYTES = 16;

/** The dependencies that it uses. */
export interface ContextDeps {
  readonly telemetry: { readonly tracer: Tracer | null };
  readonly believed: Believed;
}

/**
 * `nowMs`: ms since the epoch. `own`: what the client calls us. The span is absent where tracing is
 * off.
 */
export function contextOf(
  request: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>,
  { telemetry, believed }: ContextDeps,
  nowMs: number,
): { readonly context: ReplyContext; readonly own: string; readonly span: Span | undefined } {
  const headers = headersFromRaw(request.rawHeaders);
  const asked = readTarget(request.method ?? '', request.url ?? '');
  // With an absolute-form target Host is ignored (RFC 9112 section 3.2.2).
  if (asked.kind === 'absolute') headers['host'] = asked.authority;
  const trace = takeTraceContext(headers);
  const span = telemetry.tracer?.request(trace);
  if (span !== undefined) headers['traceparent'] = span.traceparent;
  const context: ReplyContext = {
    method: request.method === 'HEAD' ? 'HEAD' : 'GET',
    headers,
    range: parseRange(headerValue(headers, 'range')),
    requestId: requestId(headerValue(headers, 'x-request-id')),
    traceId: span?.traceId ?? trace?.traceId ?? null,
    nowMs,
    boundary: () => randomBytes(BOUNDARY_BYTES).toString('hex'),
  };
  return { context, own: ownUrl(headers, believed), span };
}
