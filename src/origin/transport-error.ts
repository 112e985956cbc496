/** Maps Node's socket, TLS and DNS errors to `ForebayError`s. */
import { type ErrorCode, ForebayError, ownShortage } from '../model/errors.js';

/** The progress of the exchange, by which the same ECONNRESET means different errors. */
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

/** Failures that a setting for trusted certificates can correct, unlike a wrong name or time. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Selects one of the errors of several addresses: a shortage of this machine, which affects them
 * all, else the first error.
 */
function firstOf(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const errors = error.errors as readonly unknown[];
  return firstOf(errors.find((one) => ownShortage(one) !== null) ?? errors[0]);
}

/** Returns the cause as Node's error codes, without host names, which may be secret. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 1) return error.message;
  const code = codeOf(firstOf(error));
  return UNTRUSTED.has(code) ? `its certificate has no trusted issuer: ${code}` : code;
}

const TRUST_SETTINGS = 'origins[].caFile, SSL_CERT_FILE or NODE_EXTRA_CA_CERTS';

export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function classify(code: string, phase: TransportPhase): [code: ErrorCode, retryable: boolean] {
  // A retry cannot help where the name does not exist, but may where the resolver was busy.
  if (DNS_CODES.has(code)) return ['origin-dns', code !== 'ENOTFOUND' && code !== 'EAI_NONAME'];
  if (CERTIFICATE_CODE.test(code) || TLS_CODE.test(code)) return ['origin-tls', false];
  return phase === 'connecting' ? ['origin-connect', true] : ['origin-reset', true];
}

/** Maps the error of a failed connection; returns a `ForebayError`, if it is one, unchanged. */
export function transportError(error: unknown, phase: TransportPhase): ForebayError {
  const first = firstOf(error);
  if (first instanceof ForebayError) return first;
  const own = ownShortage(first);
  if (own !== null) return own;
  const nodeCode = codeOf(first);
  const [code, retryable] = classify(nodeCode, phase);
  const what = phase === 'connecting' ? 'no connection to the origin' : 'the connection broke';
  const why = reasonOf(error);
  const hint = UNTRUSTED.has(nodeCode) ? ` (to trust the issuer, set ${TRUST_SETTINGS})` : '';
  const message = why === '' ? what : `${what}: ${why}${hint}`;
  return new ForebayError(code, message, { source: 'origin', retryable, cause: error });
}

/** Returns the error of a connection that ended before all expected bytes had arrived. */
export function resetError(message: string): ForebayError {
  return new ForebayError('origin-reset', message, { source: 'origin', retryable: true });
}

/** Returns the error of an origin that violated the protocol on this connection. */
export function protocolError(message: string): ForebayError {
  return new ForebayError('origin-protocol', message, { source: 'origin', retryable: true });
}

/** Returns the error of a bound on time or rate that was reached. */
export function timeoutError(message: string): ForebayError {
  return new ForebayError('origin-timeout', message, { source: 'origin', retryable: true });
}

/** Returns the error of a fetch whose caller aborted its signal. */
export function cancelledError(): ForebayError {
  return new ForebayError('cancelled', 'the fetch was cancelled', {
    source: 'internal',
    retryable: false,
  });
}
