/** The errors of a forward proxy. Every message names the proxy, none contains its credentials. */
import { type ErrorCode, ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { ProxyAddress } from '../model/reach.js';
import { transportError } from './transport-error.js';

const CODE: ErrorCode = 'origin-proxy';

/** Statuses of a proxy that failed to connect or is overloaded: a retry may succeed. */
const TRANSIENT: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Returns the error of a connection to the proxy that failed before the tunnel was open. */
export function proxyUnreachable(proxy: ProxyAddress, error: unknown): ForebayError {
  const found = transportError(error, 'connecting');
  // The proxy causes neither of these.
  if (found.code === 'overload' || found.code === 'cancelled') return found;
  const message = `the proxy ${named(proxy)} cannot be reached: ${found.message}`;
  return new ForebayError(CODE, message, { source: 'origin', retryable: true, cause: error });
}

/** Returns the error of a proxy's own answer to CONNECT or to a request in absolute-form. */
export function proxyRefused(proxy: ProxyAddress, status: number): ForebayError {
  return new ForebayError(CODE, `the proxy ${named(proxy)} ${explained(proxy, status)}`, {
    source: 'origin',
    retryable: TRANSIENT.has(status),
  });
}

function explained({ authorization, setting }: ProxyAddress, status: number): string {
  const answered = `answered ${String(status)}`;
  if (status === 403) return `${answered}: its rules do not let this host through`;
  // tinyproxy answers 401 to a request with wrong credentials.
  if (status !== 407 && status !== 401) return `${answered} in place of the origin`;
  const where = setting.startsWith('origins[')
    ? setting.replace(/proxy$/, 'proxyCredentialsFile')
    : `the user name and password in ${setting}`;
  return authorization === null
    ? `${answered}: it requires credentials; set ${where}`
    : `${answered}: it does not accept the credentials of ${where}`;
}

/** Returns the proxy's URL, which has no credentials, and the setting that configures it. */
function named({ url, setting }: ProxyAddress): string {
  return `${url} (${setting})`;
}

/**
 * Returns the error where the answer to a request in absolute-form is the proxy's own; `null` where
 * it may be the origin's. A 407 is always the proxy's own. Any other error status is if it has a
 * mark of proxies: Proxy-Status with an error (RFC 9209), Squid's X-Squid-Error, or tinyproxy as
 * its Server.
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
