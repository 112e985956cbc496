/**
 * What pages in browsers may read of a mount: CORS (the Fetch standard), and the refusal of
 * cross-site requests that an operator's credentials would answer. Pure; used by
 * http/access/access.
 */
import { isToken, tokenMembers, trimOws } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';

/** The settings of a mount that decide. */
export interface Shared {
  /** Origins of pages that may read it, as browsers write them; `*` means every page. */
  readonly cors: readonly string[];
  /** Requests to its origin carry credentials of the operator's. */
  readonly isLent: boolean;
  /** A hub's clients send path queries by POST. */
  readonly isHub: boolean;
}

export type CrossOrigin =
  | { readonly kind: 'admitted'; readonly fields: HeaderMap }
  /** A CORS preflight (the Fetch standard, CORS-preflight fetch): `fields` answer it. */
  | { readonly kind: 'preflight'; readonly fields: HeaderMap }
  | { readonly kind: 'refused' };

/** Fields that scripts may read beside those that the Fetch standard lets them read always. */
const EXPOSED = [
  ...[
    'accept-ranges',
    'age',
    'cache-status',
    'content-encoding',
    'content-range',
    'digest',
    'etag',
  ],
  ...['link', 'location', 'ratelimit', 'ratelimit-policy', 'repr-digest', 'retry-after'],
  ...['x-error-code', 'x-error-message', 'x-linked-etag', 'x-linked-size', 'x-repo-commit'],
  'x-request-id',
].join(', ');

/** Seconds that a preflight counts: the most that browsers take. */
const MAX_AGE_SECONDS = '7200';

/** The longest list of request fields that a preflight is answered for, in characters. */
const MAX_REQUESTED = 1024;

/** Judges a request to a mount. */
export function crossOrigin(method: string, request: HeaderMap, shared: Shared): CrossOrigin {
  const origin = headerValue(request, 'origin');
  if (shared.isLent && isOfAnotherSite(request) && !isNamed(origin, shared.cors)) {
    return { kind: 'refused' };
  }
  const allowed = allowedOrigin(origin, shared);
  const fields = emptyHeaders();
  // Another page, or none, gets another answer (the Fetch standard, CORS protocol and HTTP caches).
  if (shared.cors.length > 0) fields['vary'] = 'Origin';
  if (allowed === undefined) return { kind: 'admitted', fields };
  fields['access-control-allow-origin'] = allowed;
  if (method !== 'OPTIONS' || !('access-control-request-method' in request)) {
    fields['access-control-expose-headers'] = EXPOSED;
    return { kind: 'admitted', fields };
  }
  const requested = headerValue(request, 'access-control-request-headers') ?? '';
  fields['access-control-allow-methods'] = shared.isHub ? 'GET, HEAD, POST' : 'GET, HEAD';
  if (requested.length <= MAX_REQUESTED && isListOfNames(requested)) {
    fields['access-control-allow-headers'] = requested;
  }
  fields['access-control-max-age'] = MAX_AGE_SECONDS;
  fields['vary'] = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';
  return { kind: 'preflight', fields };
}

/** Names and commas, and a name at least: nothing that could end a line. */
function isListOfNames(text: string): boolean {
  const names = tokenMembers(text);
  return names.length > 0 && names.every(isToken);
}

/** CORS fields for a plain request (http/request/plain-request), which has no Origin. */
export function plainFields({ cors }: Shared): HeaderMap {
  const fields = emptyHeaders();
  if (cors.length > 0) fields['vary'] = 'Origin';
  return fields;
}

/** `answer` with `fields`: the ones that it had of CORS are not its origin's to decide. */
export function withCors(answer: HeaderMap, fields: HeaderMap): HeaderMap {
  if (Object.keys(fields).length === 0) return answer;
  const all = Object.assign(emptyHeaders(), answer, fields);
  const before = headerValue(answer, 'vary');
  const added = headerValue(fields, 'vary');
  if (before !== undefined && added !== undefined) all['vary'] = joined(before, added);
  return all;
}

function joined(before: string, added: string): string {
  const names = tokenMembers(before);
  if (names.includes('*') || names.includes(added.toLowerCase())) return before;
  return `${before}, ${added}`;
}

/** The value of Access-Control-Allow-Origin; `undefined`: the page may not read the answer. */
function allowedOrigin(origin: string | undefined, { cors, isLent }: Shared): string | undefined {
  if (origin === undefined) return undefined;
  if (isNamed(origin, cors)) return origin;
  // With an operator's credentials `*` allows no page: each page that may read is listed.
  return cors.includes('*') && !isLent ? '*' : undefined;
}

function isNamed(origin: string | undefined, cors: readonly string[]): boolean {
  return origin !== undefined && origin !== '*' && cors.includes(origin.toLowerCase());
}

/** A page of this origin, and no page at all. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * True if a page of another origin sends the request, by Sec-Fetch-Site (Fetch Metadata). Older
 * browsers send Origin alone.
 */
function isOfAnotherSite(request: HeaderMap): boolean {
  const site = headerValue(request, 'sec-fetch-site');
  if (site !== undefined && !OWN_SITES.has(trimOws(site).toLowerCase())) return true;
  const origin = headerValue(request, 'origin');
  if (origin === undefined) return false;
  return hostOf(origin) !== hostOf(`http://${headerValue(request, 'host') ?? ''}`);
}

/**
 * Host and port of an origin; a default port is included, whatever the scheme. `null` if malformed.
 */
function hostOf(origin: string): string | null {
  if (!URL.canParse(origin)) return null;
  return new URL(origin).host.replace(/:(?:80|443)$/, '');
}
