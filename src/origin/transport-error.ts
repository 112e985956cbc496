/**
 * Makes the `ForebayError` of a failed exchange: from Node's socket, TLS and DNS errors, or for
 * what an origin client finds. Used by the origin clients and the doctor.
 */
import { type ErrorCode, ForebayError, ownShortage } from '../model/errors.js';

/** How far the exchange had come: the same ECONNRESET means different things. */
export type TransportPhase = 'connecting' | 'connected';

const DNS_CODES: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
]);

/** OpenSSL's verification results, as Node passes them in `code`. */
const CERTIFICATE_CODE =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_|INVALID_|HOSTNAME_MISMATCH|PATH_LENGTH)/;
const TLS_CODE = /^(ERR_TLS_|ERR_SSL_|EPROTO$)/;

/** Certificate failures that an operator can fix with `TRUST_SETTINGS`. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Of one error per address: a local shortage decides, else the first error. */
function firstOf(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const errors = error.errors as readonly unknown[];
  return firstOf(errors.find((one) => ownShortage(one) !== null) ?? errors[0]);
}

/** The reason, for messages: `address code` for each address, or one code. Names no host. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 1) return error.message;
  const code = codeOf(firstOf(error));
  return UNTRUSTED.has(code) ? `its certificate is signed by none that is trusted: ${code}` : code;
}

const TRUST_SETTINGS = 'origins[].caFile, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS';

export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function classify(code: string, phase: TransportPhase): [code: ErrorCode, retryable: boolean] {
  // A name that does not exist will not exist in a second either; a busy resolver may answer then.
  if (DNS_CODES.has(code)) return ['origin-dns', code !== 'ENOTFOUND' && code !== 'EAI_NONAME'];
  if (CERTIFICATE_CODE.test(code) || TLS_CODE.test(code)) return ['origin-tls', false];
  return phase === 'connecting' ? ['origin-connect', true] : ['origin-reset', true];
}

/** The error for a failed connection; a `ForebayError` passes unchanged. */
export function transportError(error: unknown, phase: TransportPhase): ForebayError {
  const first = firstOf(error);
  if (first instanceof ForebayError) return first;
  const own = ownShortage(first);
  if (own !== null) return own;
  const nodeCode = codeOf(first);
  const [code, retryable] = classify(nodeCode, phase);
  const what = phase === 'connecting' ? 'no connection to the origin' : 'the connection broke';
  const why = reasonOf(error);
  const hint = UNTRUSTED.has(nodeCode) ? ` (${TRUST_SETTINGS} would name who signs it)` : '';
  const message = why === '' ? what : `${what}: ${why}${hint}`;
  return new ForebayError(code, message, { source: 'origin', retryable, cause: error });
}

/** The connection ended before the promised bytes were there. */
export function resetError(message: string): ForebayError {
  return new ForebayError('origin-reset', message, { source: 'origin', retryable: true });
}

/** The origin broke the protocol on this connection. */
export function protocolError(message: string): ForebayError {
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: true });
}

/** A bound of `FetchLimits` was reached. */
export function timeoutError(message: string): ForebayError {
  return new ForebayError('origin-timeout', message, { source: 'origin', retryable: true });
}

/** The caller's signal was aborted. */
export function cancelledError(): ForebayError {
  return new ForebayError('cancelled', 'the fetch was cancelled', {
    source: 'internal',
    retryable: false,
  });
}
