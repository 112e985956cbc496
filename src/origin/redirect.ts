/**
 * Decides what a redirect of an origin leads to, or why it leads nowhere. Pure; called on the main
 * thread by the resolver, one hop at a time, with the policy of the configured origin.
 */
import { ForebayError, type ErrorCode } from '../model/errors.js';
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import { headerValue } from '../model/headers.js';
import { fieldUri } from '../model/uri.js';
import { CREDENTIALS } from './request-fields.js';
import { signedUrlExpiryMs } from './signed-url.js';

/** Redirects followed for one request: what resolvers and CDNs need, and no more (faults.md). */
export const MAX_REDIRECT_HOPS = 5;

/** A Location longer than this is no signed URL but an attack on our memory. */
export const MAX_LOCATION_LENGTH = 8192;

export interface RedirectPolicy {
  /** Base URL of the configured origin: its own host is always allowed. */
  readonly originUrl: string;
  /** Other hosts that may be followed to: `cdn.example.com`, `cdn.example.com:8443`, `*.hf.co`. */
  readonly redirectHosts: readonly string[];
  /** True: hosts other than the origin's own may have private addresses too. */
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

/** Fields that never leave the origin they were meant for. */
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

/** Same name on the same port, or an upgrade to https on its default port. */
function isOwnHost(url: URL, origin: URL): boolean {
  if (url.hostname !== origin.hostname) return false;
  return url.host === origin.host || (url.protocol === 'https:' && url.port === '');
}

/**
 * An entry without a port allows every port of its host. `*.hf.co` allows any depth, not `hf.co`.
 */
function entryAllows(entry: string, url: URL): boolean {
  const match = /^(.+?)(?::(\d+))?$/.exec(entry.toLowerCase());
  const [, name, port] = match ?? [];
  if (name === undefined || (port !== undefined && port !== portOf(url))) return false;
  if (name.startsWith('*.')) return url.hostname.endsWith(name.slice(1));
  return url.hostname === name;
}

/**
 * Whether the policy lets a URL be followed to: as the origin's own, as one of its other hosts, or
 * not.
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
 * Reads a 301, 302, 303, 307 or 308 (RFC 9110 section 15.4) answered to a GET of `target`.
 *
 * Followed: to the origin's own host, and to hosts of the policy; never from https to http. On the
 * way to another scheme, host or port the request loses its credentials, and the connection will be
 * refused if the host has a private address. Errors: `origin-redirect-refused`, `origin-loop` (no
 * hops left), `origin-protocol` (no usable Location). No message repeats the URL: it may be signed.
 */
export function followRedirect(
  target: FetchUrl,
  head: OriginHead,
  policy: RedirectPolicy,
): RedirectDecision {
  if (!isRedirect(head.status)) {
    return refuse('origin-protocol', `${String(head.status)} is no redirect`);
  }
  if (policy.hopsLeft <= 0) return refuse('origin-loop', 'the origin redirects too often');
  const url = locationOf(target, head);
  if (url === undefined) return refuse('origin-protocol', 'a redirect without a usable Location');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse('origin-redirect-refused', 'a redirect to a scheme that is not http or https');
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('origin-redirect-refused', 'a redirect to a URL with userinfo');
  }
  const from = new URL(target.url);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    return refuse('origin-redirect-refused', 'a redirect from https to http');
  }
  const lead = leadOf(url, policy);
  if (lead === 'elsewhere') {
    const why = `a redirect to ${url.hostname}, which origins[].redirectHosts does not list`;
    return refuse('origin-redirect-refused', why);
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
