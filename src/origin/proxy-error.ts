/**
 * What went wrong with a forward proxy, in words that name it. No message holds its credentials.
 */
import { type ErrorCode, ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { ProxyAddress } from '../model/reach.js';
import { transportError } from './transport-error.js';

const CODE: ErrorCode = 'origin-proxy';

/** Statuses by which a proxy reports a failed attempt or overload: a retry may succeed. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** No connection to the proxy, or it broke before it led anywhere. */
export function proxyUnreachable(proxy: ProxyAddress, error: unknown): ForebayError {
  const found = transportError(error, 'connecting');
  // These fields say nothing about the proxy.
  if (found.code === 'overload' || found.code === 'cancelled') return found;
  const message = `the proxy ${named(proxy)} cannot be reached: ${found.message}`;
  return new ForebayError(CODE, message, { source: 'origin', retryable: true, cause: error });
}

/** The proxy's own answer, to CONNECT or to a request in absolute-form. */
export function proxyRefused(proxy: ProxyAddress, status: number): ForebayError {
  return new ForebayError(CODE, `the proxy ${named(proxy)} ${explained(proxy, status)}`, {
    source: 'origin',
    retryable: PASSING.has(status),
  });
}

function explained({ authorization, setting }: ProxyAddress, status: number): string {
  const answered = `answered ${String(status)}`;
  if (status === 403) return `${answered}: it does not allow this host`;
  // tinyproxy answers wrong credentials with 401.
  if (status !== 407 && status !== 401) return `${answered} in place of a connection`;
  const where = setting.startsWith('origins[')
    ? setting.replace(/proxy$/, 'proxyCredentialsFile')
    : `the user name and password in ${setting}`;
  return authorization === null
    ? `${answered}: it asks for credentials, which ${where} would give`
    : `${answered}: it does not accept the credentials of ${where}`;
}

/**
 * The setting comes first, since it is what the operator changes. The URL contains no credentials.
 */
function named({ url, setting }: ProxyAddress): string {
  return `${url} (${setting})`;
}

/**
 * Why the response to an absolute-form request is the proxy's own; `null` if it seems to be the
 * origin's. A 407 always is the proxy's; other errors are if they have Proxy-Status with an error
 * (RFC 9209), Squid's X-Squid-Error, or tinyproxy's name in Server.
 */
export function answerOfProxy(
  proxy: ProxyAddress,
  { status, headers }: Pick<OriginHead, 'status' | 'headers'>,
): ForebayError | null {
  const isOwn = status === 407 || (status >= 400 && isMarked(headers));
  return isOwn ? proxyRefused(proxy, status) : null;
}

function isMarked(headers: HeaderMap): boolean {
  const proxyStatus = headerValue(headers, 'proxy-status') ?? '';
  if (proxyStatus.includes(';') && /;[ \t]?error=/.test(proxyStatus)) return true;
  if (headerValue(headers, 'x-squid-error') !== undefined) return true;
  return (headerValue(headers, 'server') ?? '').startsWith('tinyproxy/');
}
