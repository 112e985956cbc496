/**
 * HTTP statuses of failures and refusals: the tables behind http/reply/respond, and nowhere else.
 */
import type { ErrorCode } from '../../model/errors.js';
import type { RefusalReason } from '../request/screen.js';

/**
 * The status for a failure that nothing could be sent for. Meanings: 502 the origin is at fault,
 * 504 it was too slow, 503 trying again later helps, 500 we are at fault.
 */
export function statusOfError(code: ErrorCode): number {
  switch (code) {
    case 'origin-connect':
    case 'origin-dns':
    case 'origin-tls':
    case 'origin-proxy':
    case 'origin-address-refused':
    case 'origin-redirect-refused':
    case 'origin-reset':
    case 'origin-protocol':
    case 'origin-range-mismatch':
    case 'origin-status':
    case 'origin-denied':
    case 'origin-changed':
    case 'origin-corrupt':
    case 'origin-unattested':
      return 502;
    case 'origin-timeout':
    case 'not-cached':
      return 504;
    case 'origin-loop':
      return 508;
    case 'origin-busy':
    case 'no-space':
    case 'overload':
    case 'purged':
    case 'cancelled':
      return 503;
    case 'client-too-large':
      return 413;
    case 'client-idle':
      return 408;
    case 'client-aborted':
      return CLIENT_CLOSED_STATUS;
    case 'disk':
    case 'stored-corrupt':
    case 'internal':
      return 500;
  }
}

/**
 * nginx's number for a client that left before its answer: in logs and metrics, never on a wire.
 */
export const CLIENT_CLOSED_STATUS = 499;

export interface RefusalStatus {
  readonly status: number;
  /** The connection must end: its further bytes cannot be trusted, or are not wanted. */
  readonly close: boolean;
}

/** The status of a request that was refused before the lookup. */
export function statusOfRefusal(reason: RefusalReason): RefusalStatus {
  switch (reason) {
    case 'malformed-target':
    case 'body-not-allowed':
    case 'ambiguous-framing':
    case 'duplicate-host':
    case 'missing-host':
    case 'malformed-host':
      return { status: 400, close: true };
    case 'ambiguous-path':
      return { status: 400, close: false };
    case 'no-such-mount':
      return { status: 404, close: false };
    // A method with a body would have to be read to its end to keep the connection.
    case 'method-not-allowed':
      return { status: 405, close: true };
    // RFC 9110 section 15.5.20: this listener is not whom the client means.
    case 'host-not-allowed':
      return { status: 421, close: true };
    case 'cross-site':
      return { status: 403, close: true };
    case 'body-too-large':
      return { status: 413, close: true };
    case 'unknown-expectation':
      return { status: 417, close: true };
    case 'unsupported-version':
      return { status: 505, close: true };
    case 'too-many-connections':
      return { status: 503, close: true };
  }
}
