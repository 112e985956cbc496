/**
 * Recognises requests of git's smart HTTP (gitprotocol-http). `git clone` and `git fetch` are
 * passed on uncached; a push is refused. Pure; used by hub/lookup and hub/passed.
 */
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { CacheAnswer } from '../cache/api/facade.js';
import { ownError } from './answers.js';
import type { Who } from './credentials.js';

export interface GitRoute {
  /** The name without `.git`. */
  readonly repository: string;
  /** True for a fetch, false for a push. */
  readonly isRead: boolean;
}

/** Client fields that git's server reads beside those that every request forwards. */
const FORWARDED = ['git-protocol', 'content-type', 'content-encoding', 'accept'];

/** Segments of the longest path: a name with its kind, `datasets/acme/data`, and `info/refs`. */
const MAX_SEGMENTS = 5;

const SERVICE = /^git-(upload|receive)-pack$/;

/** Parses an origin-form target; returns `undefined` unless it is a git smart HTTP request. */
export function gitRouteOf(method: string, target: string): GitRoute | undefined {
  const [path = '', query = ''] = target.split('?', 2);
  const segments = path.split('/', MAX_SEGMENTS + 2).slice(1);
  if (segments.length > MAX_SEGMENTS) return undefined;
  if (method === 'POST') return routeOf(segments.slice(0, -1), segments.slice(-1));
  const [info, refs] = segments.slice(-2);
  if (info !== 'info' || refs !== 'refs') return undefined;
  // Servers differ in which of several `service` parameters counts: any push makes it a push.
  return routeOf(segments.slice(0, -2), new URLSearchParams(query).getAll('service'));
}

function routeOf(name: readonly string[], services: readonly string[]): GitRoute | undefined {
  const isNamed = name.length > 0 && name.length <= 3 && name[0] !== 'api';
  if (!isNamed || name.includes('') || services.length === 0) return undefined;
  if (!services.every((service) => SERVICE.test(service))) return undefined;
  const repository = name.join('/').replace(/\.git$/, '');
  return { repository, isRead: services.every((service) => service === 'git-upload-pack') };
}

/** Returns the request fields for git's server: credential, protocol version, content fields. */
export function gitFields(who: Who, request: HeaderMap): HeaderMap {
  const headers = emptyHeaders();
  Object.assign(headers, who.headers, { 'accept-encoding': 'identity' });
  for (const name of FORWARDED) {
    const value = headerValue(request, name);
    if (value !== undefined) headers[name] = value;
  }
  const lent = headerValue(request, 'authorization') === undefined;
  const token = /^Bearer (\S+)$/.exec(headerValue(who.headers, 'authorization') ?? '')?.[1];
  // git's server takes the operator's token as a password, with any user name.
  if (lent && token !== undefined) {
    headers['authorization'] = `Basic ${Buffer.from(`user:${token}`).toString('base64')}`;
  }
  return headers;
}

/** Returns the answer to a push. */
export function notPushed(): CacheAnswer {
  return ownError(403, null, 'This mirror only reads: push to the hub itself');
}
