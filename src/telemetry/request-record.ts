/**
 * The record of a finished request: http/exchange/exchange writes it, metrics and log read it.
 */

/** How the request was answered; RFC 9211's reasons, coarser. */
export type RequestResult =
  | 'hit'
  | 'miss'
  /** Revalidated with the origin. */
  | 'stale'
  /** Some of the requested bytes were held. */
  | 'partial'
  /** Passed on uncached, because of its method. */
  | 'pass'
  /** The lookup or the body failed. */
  | 'error'
  /** Refused before the lookup. */
  | 'refused';

/** Whether the client got all of the answer. */
export type RequestEnding = 'complete' | 'client-closed' | 'client-idle' | 'failed';

export interface RequestRecord {
  readonly requestId: string;
  /** 32 hex digits of W3C Trace Context, where the request belongs to a trace. */
  readonly traceId: string | null;
  readonly method: string;
  /** The request-target as received; secrets in its query are removed when it is logged. */
  readonly target: string;
  /** The Range field as received, or `null`. */
  readonly range: string | null;
  readonly status: number;
  readonly result: RequestResult;
  readonly ending: RequestEnding;
  /**
   * Stable code of what went wrong: an `ErrorCode` or a refusal's reason; `null` when nothing did.
   */
  readonly code: string | null;
  readonly collapsed: boolean;
  /** Body bytes that the kernel took for the client. */
  readonly bytesSent: number;
  /** Body bytes that left the origin because of this request. */
  readonly originBytes: number;
  /** From the request to our head; to the end where no head was sent. */
  readonly waitMs: number;
  /** From our head to the end. */
  readonly transferMs: number;
}

/**
 * A request that was refused before it became an exchange: it could not be parsed, came too late,
 * or was a CONNECT. Unknown values are `null`; when it began is not known.
 */
export interface UnreadRecord {
  readonly requestId: string;
  readonly method: string | null;
  readonly target: string | null;
  /** `null`: its connection was closed without an answer, since another's was on the way. */
  readonly status: number | null;
  /** The refusal's reason. */
  readonly code: string;
  readonly ending: RequestEnding;
  readonly bytesSent: number;
}
