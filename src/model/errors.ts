/**
 * The only error class that crosses rooms. An error carries what happened, who is at fault and
 * whether a retry may help. Its HTTP status is chosen in http/reply/status.
 */
import { shortageOf } from './own-shortage.js';

/** Who is at fault. */
export type ErrorSource = 'origin' | 'client' | 'internal';

/** Stable, documented codes (docs/ERRORS.md). */
export type ErrorCode =
  // origin
  | 'origin-connect' // no connection: refused, unreachable, timed out
  | 'origin-dns'
  | 'origin-tls'
  | 'origin-proxy' // the proxy is unreachable, demands credentials, or refuses the connection
  | 'origin-address-refused' // the address check refused the host
  | 'origin-redirect-refused' // a redirect to a host, scheme or depth that is not allowed
  | 'origin-loop' // a request with Forebay's own Via, or too many redirects
  | 'origin-reset' // closed before all announced bytes had come
  | 'origin-protocol' // malformed head or framing, unexpected coding
  | 'origin-range-mismatch' // status, Content-Range or length differ from the request
  | 'origin-status' // a response without the content: 5xx, 429, 4xx on a chunk
  | 'origin-denied' // 401 or 403
  | 'origin-timeout' // no head, no bytes, or too few bytes, within the bound
  | 'origin-changed' // the representation changed while it was read
  | 'origin-corrupt' // bytes differ from their ids or from the digest claimed for them
  | 'origin-unattested' // integrity is strict and no digest is claimed for the object
  | 'origin-busy' // breaker open, or no lane within the bound
  // client
  | 'not-cached' // only-if-cached, and no stored response may answer
  | 'client-aborted'
  | 'client-idle'
  | 'client-too-large' // more content than Forebay forwards
  // internal
  | 'no-space' // neither disk nor memory had space within the bound
  | 'disk' // a file operation failed
  | 'stored-corrupt' // held bytes differ from their recorded ids
  | 'purged' // an operator removed the object from the cache
  | 'cancelled' // the work was no longer needed, or shutdown
  | 'overload'
  | 'internal';

export interface ErrorDetails {
  readonly source: ErrorSource;
  /** True when the same request may succeed if made again. */
  readonly retryable: boolean;
  readonly cause?: unknown;
  /** Status of the origin's response; absent without a response. */
  readonly originStatus?: number;
  /** The wait in ms that the origin requested (Retry-After). */
  readonly retryAfterMs?: number;
  /** Fields of the origin that explain the error and the wait, to forward to the client. */
  readonly originFields?: Readonly<Record<string, string>>;
}

/**
 * An error with `code`, `source`, `retryable` and `cause`. `message` is for people and contains no
 * secrets.
 */
export class ForebayError extends Error {
  readonly code: ErrorCode;
  readonly source: ErrorSource;
  readonly retryable: boolean;
  readonly originStatus: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly originFields: Readonly<Record<string, string>> | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ForebayError';
    this.code = code;
    this.source = details.source;
    this.retryable = details.retryable;
    this.originStatus = details.originStatus;
    this.retryAfterMs = details.retryAfterMs;
    this.originFields = details.originFields;
  }
}

/** An error as plain data that survives structured clone, as worker threads report it. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly source: ErrorSource;
  readonly retryable: boolean;
  readonly originStatus?: number;
  readonly retryAfterMs?: number;
  readonly originFields?: Readonly<Record<string, string>>;
}

/**
 * Returns an `overload` error for a failure that is Forebay's own shortage of descriptors, ports or
 * memory; `null` for any other. It does not count against an origin, and a retry may succeed.
 */
export function ownShortage(error: unknown): ForebayError | null {
  const shortage = shortageOf(error);
  if (shortage === null) return null;
  return new ForebayError('overload', shortage, {
    source: 'internal',
    retryable: true,
    cause: error,
  });
}

/**
 * Returns `thrown` itself if it is a `ForebayError`, else `overload` for a shortage of our own,
 * else `internal` (retryable) with `message`.
 */
export function asForebayError(thrown: unknown, message: string): ForebayError {
  if (thrown instanceof ForebayError) return thrown;
  const details = { source: 'internal', retryable: true, cause: thrown } as const;
  return ownShortage(thrown) ?? new ForebayError('internal', message, details);
}

/**
 * Converts any thrown value to plain data. A value that is not a `ForebayError` becomes `overload`
 * or `internal`.
 */
export function reportError(thrown: unknown): ErrorReport {
  const error = thrown instanceof ForebayError ? thrown : (ownShortage(thrown) ?? thrown);
  if (!(error instanceof ForebayError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'internal', message, source: 'internal', retryable: false };
  }
  return {
    code: error.code,
    message: error.message,
    source: error.source,
    retryable: error.retryable,
    ...(error.originStatus !== undefined && { originStatus: error.originStatus }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(error.originFields !== undefined && { originFields: error.originFields }),
  };
}

/** Restores the error that `reportError` converted. */
export function errorFromReport(report: ErrorReport): ForebayError {
  return new ForebayError(report.code, report.message, report);
}
