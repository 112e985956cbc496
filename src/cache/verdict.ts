/** What an outcome says of an origin's health, for its breaker. Pure. */
import type { ErrorCode } from '../model/errors.js';
import type { BreakerVerdict } from '../origin/breaker.js';

/** Codes that mean the origin could not be talked to, whichever URL was asked. */
const TRANSPORT: ReadonlySet<ErrorCode> = new Set([
  'origin-connect',
  'origin-dns',
  'origin-tls',
  'origin-reset',
  'origin-protocol',
  'origin-timeout',
] as const);

/** A status that speaks of load or outage. A plain 500 may be one broken URL: it is not counted. */
const OVERLOADED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** How a fetch that ended with this error, after its retries, counts. */
export function verdictOfError(error: {
  readonly code: ErrorCode;
  readonly originStatus?: number | undefined;
}): BreakerVerdict {
  if (TRANSPORT.has(error.code)) return 'failure';
  return verdictOfStatus(error.originStatus, 'abandoned');
}

/** How a final status counts; `otherwise` where it does not speak of load. */
export function verdictOfStatus(
  status: number | undefined,
  otherwise: BreakerVerdict,
): BreakerVerdict {
  return status !== undefined && OVERLOADED.has(status) ? 'failure' : otherwise;
}
