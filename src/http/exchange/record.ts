/** From how an exchange ended to the record that telemetry counts and logs. Pure. */
import type { ReadCost } from '../../cache/api/facade.js';
import type { CacheOutcome } from '../../cache/api/outcome.js';
import type { ErrorReport } from '../../model/errors.js';
import { headerValue } from '../../model/headers.js';
import { pathAlone } from '../../model/shown-url.js';
import type { Span } from '../../model/span.js';
import type { RequestRecord, RequestResult } from '../../telemetry/request-record.js';
import type { Telemetry } from '../../telemetry/telemetry.js';
import type { Delivery } from './deliver.js';
import type { ReplyContext } from '../reply/respond.js';
import type { RefusalReason } from '../request/screen.js';
import { CLIENT_CLOSED_STATUS } from '../reply/status.js';

/** A client's own mistake is no failure of ours (OpenTelemetry's HTTP conventions). */
const FIRST_SERVER_ERROR = 500;

/** How an exchange ended. `status` is the one that was, or would have been, written. */
export type Ended = { readonly status: number; readonly delivery: Delivery } & (
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'own' }
  | { readonly kind: 'answered'; readonly outcome: CacheOutcome; readonly cost: ReadCost }
  | { readonly kind: 'failed'; readonly error: ErrorReport; readonly cost: ReadCost }
);

/** Monotonic ms. */
export interface RequestTimes {
  readonly startedAt: number;
  /** When our head was written; `null` when none was. */
  readonly headAt: number | null;
  readonly endedAt: number;
}

/** The record of a request that ended. */
export function exchangeRecord(
  request: { readonly method?: string | undefined; readonly url?: string | undefined },
  context: ReplyContext,
  ended: Ended,
  times: RequestTimes,
): RequestRecord {
  const headAt = times.headAt ?? times.endedAt;
  const cost = 'cost' in ended ? ended.cost : { originBytes: 0, collapsed: false };
  return {
    requestId: context.requestId,
    traceId: context.traceId,
    method: request.method ?? '',
    target: request.url ?? '',
    range: headerValue(context.headers, 'range') ?? null,
    status: times.headAt === null ? CLIENT_CLOSED_STATUS : ended.status,
    result: resultOf(ended),
    ending: ended.delivery.kind,
    code: codeOf(ended),
    collapsed: cost.collapsed,
    bytesSent: ended.delivery.bytesSent,
    originBytes: cost.originBytes,
    waitMs: headAt - times.startedAt,
    transferMs: times.endedAt - headAt,
  };
}

function resultOf(ended: Ended): RequestResult {
  switch (ended.kind) {
    case 'refused':
      return 'refused';
    case 'own':
      return 'hit';
    case 'failed':
      return 'error';
    case 'answered':
      return ended.outcome.kind === 'hit' ? 'hit' : forwardResult(ended.outcome.reason);
  }
}

function forwardResult(
  reason: Extract<CacheOutcome, { kind: 'forward' }>['reason'],
): RequestResult {
  switch (reason) {
    case 'uri-miss':
    case 'vary-miss':
    case 'miss':
      return 'miss';
    case 'request':
    case 'stale':
      return 'stale';
    case 'partial':
      return 'partial';
    case 'method':
      return 'pass';
  }
}

function codeOf(ended: Ended): string | null {
  switch (ended.kind) {
    case 'refused':
      return ended.reason;
    case 'failed':
      return ended.error.code;
    case 'own':
    case 'answered':
      return null;
  }
}

/** Logs why a request failed: what we did wrong as an error, all else as a warning. */
export function recordFailure(
  { log }: Pick<Telemetry, 'log'>,
  { requestId }: ReplyContext,
  { source, code, message: reason }: ErrorReport,
): void {
  const fields = { requestId, code, reason };
  if (source === 'internal') log.error(fields, 'request failed');
  else log.warn(fields, 'request failed');
}

/** Ends the span of a request with the attributes of its access line. */
export function endSpan(span: Span, record: RequestRecord): void {
  const { code, status } = record;
  span.end(
    {
      'http.request.method': record.method,
      'url.path': pathAlone(record.target),
      'http.response.status_code': status,
      'http.response.body.size': record.bytesSent,
      'forebay.request_id': record.requestId,
      'forebay.result': record.result,
      'forebay.ending': record.ending,
      'forebay.origin_bytes': record.originBytes,
    },
    status >= FIRST_SERVER_ERROR || record.ending === 'failed'
      ? (code ?? record.ending)
      : undefined,
  );
}
