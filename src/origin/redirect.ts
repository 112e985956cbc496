/**
 * Decides whether a redirect of an origin is followed, and to which target. Pure; upstream calls it
 * on the main thread, one hop at a time, with the policy of the configured origin.
 */
import { ForebayError, type ErrorCode } from '../model/errors.js';
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import { headerValue } from '../model/headers.js';
import { fieldUri } from '../model/uri.js';
import { CREDENTIALS } from './request-fields.js';
import { signedUrlExpiryMs } from './signed-url.js';

/** Most redirects followed for one request: as many as resolvers and CDNs need. */
export const MAX_REDIRECT_HOPS = 5;

/** Longest Location. Signed URLs are shorter; a longer value would only waste memory. */
export const MAX_LOCATION_LENGTH = 8192;

export interface RedirectPolicy {
  /** Base URL of the configured origin: its own host is always allowed. */
  readonly originUrl: string;
  /** Other allowed hosts: `cdn.example.com`, `cdn.example.com:8443`, `*.hf.co`. */
  readonly redirectHosts: readonly string[];
  /** True when hosts other than the origin's own may have private addresses. */
  readonly allowPrivateRedirects: boolean;
  /** Lower-case names of configured request fields that carry secrets. */
  readonly credentialHeaders: readonly string[];
  /** Redirects that may still be followed, this one included. The caller counts. */
  readonly hopsLeft: number;
}

export type RedirectDecision =
  | { readonly kind: 'follow'; readonly target: FetchUrl }
  | { readonly kind: 'refuse'; readonly error: ForebayError };

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Fields that are only sent to the origin that they were meant for. */
const CREDENTIAL_HEADERS: readonly string[] = [...CREDENTIALS, 'proxy-authorization'];

/** True for the statuses that `followRedirect` understands. */
export function isRedirect(status: number): boolean {
  return REDIRECT_STATUSES.has(status);
}

function refuse(code: ErrorCode, message: string): RedirectDecision {
  const error = new ForebayError(code, message, { source: 'origin', retryable: false });
  return { kind: 'refuse', error };
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}

/** True for the origin's name on the same port, or with https on its default port. */
function isOwnHost(url: URL, origin: URL): boolean {
  if (url.hostname !== origin.hostname) return false;
  return url.host === origin.host || (url.protocol === 'https:' && url.port === '');
}

/**
 * True when the entry of `redirectHosts` allows `url`. An entry without a port allows every port.
 * `*.hf.co` allows subdomains of any depth, but not `hf.co`.
 */
function entryAllows(entry: string, url: URL): boolean {
  const match = /^(.+?)(?::(\d+))?$/.exec(entry.toLowerCase());
  const [, name, port] = match ?? [];
  if (name === undefined || (port !== undefined && port !== portOf(url))) return false;
  if (name.startsWith('*.')) return url.hostname.endsWith(name.slice(1));
  return url.hostname === name;
}

/**
 * Classifies the host of a URL under the policy: the origin's own, another allowed host, or one
 * that redirects must not lead to.
 */
export function leadOf(
  url: URL,
  { originUrl, redirectHosts }: Pick<RedirectPolicy, 'originUrl' | 'redirectHosts'>,
): 'own' | 'allowed' | 'elsewhere' {
  if (isOwnHost(url, new URL(originUrl))) return 'own';
  return redirectHosts.some((entry) => entryAllows(entry, url)) ? 'allowed' : 'elsewhere';
}

function locationOf(target: FetchUrl, head: OriginHead): URL | undefined {
  const location = headerValue(head.headers, 'location');
  if (location === undefined || location === '' || location.length > MAX_LOCATION_LENGTH) {
    return undefined;
  }
  try {
    const url = new URL(fieldUri(location), target.url);
    url.hash = '';
    return url;
  } catch {
    return undefined;
  }
}

/**
 * Decides on a 301, 302, 303, 307 or 308 (RFC 9110 section 15.4), the response to a GET of
 * `target`.
 *
 * Redirects are followed to the origin's own host and to hosts of the policy; never from https to
 * http. A request to another scheme, host or port loses its credentials. A connection to a host
 * other than the origin's own is refused for private addresses, unless the policy allows them.
 * Errors: `origin-redirect-refused`, `origin-loop` (no hops left), `origin-protocol` (no usable
 * Location). Messages do not contain the URL, as it may be signed.
 */
export function followRedirect(
  target: FetchUrl,
  head: OriginHead,
  policy: RedirectPolicy,
): RedirectDecision {
  if (!isRedirect(head.status)) {
    return refuse('origin-protocol', `status ${String(head.status)} is not a redirect`);
  }
  if (policy.hopsLeft <= 0) return refuse('origin-loop', 'the origin redirects too often');
  const url = locationOf(target, head);
  if (url === undefined) return refuse('origin-protocol', 'the redirect has no usable Location');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse('origin-redirect-refused', 'redirect refused: its scheme is not http or https');
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('origin-redirect-refused', 'redirect refused: its URL has userinfo');
  }
  const from = new URL(target.url);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    return refuse('origin-redirect-refused', 'redirect refused: from https to http');
  }
  const lead = leadOf(url, policy);
  if (lead === 'elsewhere') {
    const reason = `redirect refused: origins[].redirectHosts does not list ${url.hostname}`;
    return refuse('origin-redirect-refused', reason);
  }
  const dropped = new Set(
    from.origin === url.origin ? [] : [...CREDENTIAL_HEADERS, ...policy.credentialHeaders],
  );
  const kept = Object.entries(target.headers).filter(([name]) => !dropped.has(name.toLowerCase()));
  return {
    kind: 'follow',
    target: {
      url: url.href,
      headers: Object.fromEntries(kept),
      addresses: lead === 'own' || policy.allowPrivateRedirects ? 'any' : 'public',
      expiresAtMs: signedUrlExpiryMs(url),
    },
  };
}
