/**
 * What a request must be before the cache hears of it: node accepts several forms that two servers
 * on one connection could read differently (request smuggling). Pure; http/exchange/exchange calls
 * it.
 */
import type { HeaderMap } from '../../model/headers.js';
import { headerValue } from '../../model/headers.js';
import { isHost, namesHost } from '../../model/host.js';
import { type Framing, framingOf } from './request-content.js';
import { readTarget } from './request-target.js';
import { type Mount, route, type TargetRefusal } from './route.js';

/** The parts of an `IncomingMessage` that are judged. */
export interface RawRequest {
  readonly method: string;
  readonly url: string;
  /** From the request line, e.g. `1.1`. */
  readonly httpVersion: string;
  /** Flat `[name, value, ...]` as received: the only place where duplicates show. */
  readonly rawHeaders: readonly string[];
}

export type RefusalReason =
  | TargetRefusal
  | 'method-not-allowed'
  | 'body-not-allowed'
  | 'ambiguous-framing'
  | 'body-too-large'
  | 'duplicate-host'
  | 'missing-host'
  | 'malformed-host'
  | 'unsupported-version'
  | 'unknown-expectation'
  | 'host-not-allowed'
  | 'cross-site'
  | 'too-many-connections';

export type Screened =
  | {
      readonly kind: 'accepted';
      readonly method: 'GET' | 'HEAD';
      readonly origin: string;
      readonly target: string;
    }
  /** Another method, for an origin that takes them. */
  | {
      readonly kind: 'passed';
      readonly method: string;
      readonly origin: string;
      readonly target: string;
      readonly framing: Extract<Framing, { kind: 'none' | 'length' | 'chunked' }>;
    }
  /** An OPTIONS that is about ourselves. */
  | { readonly kind: 'own-options' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

/**
 * A tunnel and a mirror: the one would reach any host, the other would show fields that were added
 * on the way (RFC 9110 sections 9.3.6 and 9.3.8).
 */
const NEVER_PASSED: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', '']);

/** `headers` are the same fields as `request.rawHeaders`, joined. */
export function screen(
  request: RawRequest,
  headers: HeaderMap,
  mounts: readonly Mount[],
): Screened {
  // Node also takes 0.9, which has no fields to judge, and 2.0, which is no text.
  if (!/^1\.[01]$/.test(request.httpVersion)) return refused('unsupported-version');
  const hosts = valuesOf(request.rawHeaders, 'host');
  const [host] = hosts;
  if (hosts.length > 1) return refused('duplicate-host');
  if (host === undefined && request.httpVersion === '1.1') return refused('missing-host');
  // A list or a userinfo would name one host to us and another to who is behind us.
  if (!isHost(host ?? '')) return refused('malformed-host');
  const asked = readTarget(request.method, request.url);
  // It counts in place of Host (RFC 9112 section 3.2.2), so it has to be one.
  if (asked.kind === 'absolute' && !namesHost(asked.authority)) return refused('malformed-target');
  const expected = headerValue(headers, 'expect');
  if (expected !== undefined && expected.toLowerCase() !== '100-continue') {
    return refused('unknown-expectation');
  }
  const { target } = asked;
  if (isRead(request.method)) return screenRead(request.method, target, headers, mounts);
  return screenOther({ ...request, url: target }, headers, mounts);
}

function screenRead(
  method: 'GET' | 'HEAD',
  url: string,
  headers: HeaderMap,
  mounts: readonly Mount[],
): Screened {
  // Neither has use for content (RFC 9110 section 9.3.1): its framing is the smuggler's tool.
  if (declaresBody(headers)) return refused('body-not-allowed');
  const routed = route(url, mounts);
  if (routed.kind === 'refused') return routed;
  const { origin, target } = routed;
  return { kind: 'accepted', method, origin, target };
}

function screenOther(
  { method, url, httpVersion }: RawRequest,
  headers: HeaderMap,
  mounts: readonly Mount[],
): Screened {
  if (NEVER_PASSED.has(method) || !mounts.some(({ passMethods }) => passMethods === true)) {
    return refused('method-not-allowed');
  }
  const framing = framingOf(headers, httpVersion);
  if (framing.kind === 'ambiguous') return refused('ambiguous-framing');
  if (framing.kind === 'too-large') return refused('body-too-large');
  // `*` names no resource, and Max-Forwards 0 allows no forwarding (RFC 9110 sections 7.6.2,
  // 9.3.7).
  if (method === 'OPTIONS' && url === '*') return { kind: 'own-options' };
  const routed = route(url, mounts);
  if (routed.kind === 'refused') return routed;
  const { origin, target, passMethods } = routed;
  if (!passMethods) return refused('method-not-allowed');
  const isLast = headerValue(headers, 'max-forwards') === '0';
  if (method === 'OPTIONS' && isLast) return { kind: 'own-options' };
  return { kind: 'passed', method, origin, target, framing };
}

function isRead(method: string): method is 'GET' | 'HEAD' {
  return method === 'GET' || method === 'HEAD';
}

function declaresBody(headers: HeaderMap): boolean {
  const length = headerValue(headers, 'content-length');
  return headerValue(headers, 'transfer-encoding') !== undefined || !/^0*$/.test(length ?? '');
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter(
    (_value, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name,
  );
}

function refused(reason: RefusalReason): Screened {
  return { kind: 'refused', reason };
}
