/**
 * The one error class that crosses rooms. It carries no HTTP status (http/reply/status maps codes
 * to those): it says what happened, whose fault it was and whether a retry may help.
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
  | 'origin-proxy' // the proxy cannot be reached, wants credentials, or does not let us through
  | 'origin-address-refused' // the address check said no
  | 'origin-redirect-refused' // a redirect to a host, scheme or depth that is not allowed
  | 'origin-loop' // our own Via came back
  | 'origin-reset' // closed before the promised bytes were there
  | 'origin-protocol' // malformed head or framing, unexpected coding
  | 'origin-range-mismatch' // status, Content-Range or length differ from what was asked
  | 'origin-status' // an answer that is no content: 5xx, 429, 4xx on a chunk
  | 'origin-denied' // 401 or 403
  | 'origin-timeout' // no head, no bytes, or too few bytes, within the bound
  | 'origin-changed' // the representation changed under the read
  | 'origin-corrupt' // bytes differ from their ids or from the digest claimed for them
  | 'origin-unattested' // integrity is strict and nothing vouches for the bytes
  | 'origin-busy' // breaker open, or no lane within the bound
  // client
  | 'not-cached' // only-if-cached, and nothing stored may answer
  | 'client-aborted'
  | 'client-idle'
  | 'client-too-large' // more content than is passed on
  // internal
  | 'no-space' // neither disk nor memory has room within the bound
  | 'disk' // a file operation failed
  | 'stored-corrupt' // held bytes differ from their recorded ids
  | 'purged' // an operator took the object out of the cache
  | 'cancelled' // no reader needs it any more, or shutdown
  | 'overload'
  | 'internal';

export interface ErrorDetails {
  readonly source: ErrorSource;
  /** True when the same request may succeed if made again. */
  readonly retryable: boolean;
  readonly cause?: unknown;
  /** The origin's status, if it answered. */
  readonly originStatus?: number;
  /** The wait that the origin demands, in ms (Retry-After). */
  readonly retryAfterMs?: number;
  /** The origin's fields about that wait, for clients that read them. */
  readonly originFields?: Readonly<Record<string, string>>;
}

/**
 * Carries `code`, `source`, `retryable` and `cause`; `message` is for people and contains no
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

/** The error as plain data that survives structured clone: how a worker thread reports it. */
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
 * `overload` if the failure is a local lack of descriptors, ports or memory; `null` for others.
 * That code counts against no origin, and a retry a little later may succeed.
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
 * `thrown` itself, our own shortage, or `internal` (retryable) with `message` for anything else.
 */
export function asForebayError(thrown: unknown, message: string): ForebayError {
  if (thrown instanceof ForebayError) return thrown;
  const details = { source: 'internal', retryable: true, cause: thrown } as const;
  return ownShortage(thrown) ?? new ForebayError('internal', message, details);
}

/** Flattens any thrown value; one that is no `ForebayError` becomes `overload` or `internal`. */
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

/** The inverse of `reportError`. */
export function errorFromReport(report: ErrorReport): ForebayError {
  return new ForebayError(report.code, report.message, report);
}
