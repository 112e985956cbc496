/**
 * What a shared cache may store (RFC 9111 sections 3, 3.1 and 3.5), and which of it is of use later.
 * Pure; asked by cache/describe of every response that a contact brings.
 */
import { tokenMembers } from '../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { StoredResponse } from '../model/response.js';
import { validatorOf } from '../model/validator.js';
import { requestDirectives, responseDirectives } from './directives.js';
import { parseContentRange } from '../origin/content-range.js';
import { allowsHeuristics, freshnessOf, hasExplicitLifetime } from './freshness.js';
import { variedFields } from './select.js';

/**
 * Never stored, whatever the fields say. 401, 403, 407 and 429 speak of a credential or of load; 206
 * and 304 are not whole responses: cache/describe makes them ones before it asks.
 */
const NEVER_STORED: ReadonlySet<number> = new Set([206, 304, 401, 403, 407, 429]);

/** Statuses of RFC 9110 section 15, whose requirements on caches are met here (`must-understand`). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308],
  ...[400, 402, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426],
  ...[500, 501, 502, 503, 504, 505],
]);

/** Fields that describe one connection or one transfer (RFC 9110 section 7.6.1, 9111 section 3.1). */
const NOT_END_TO_END = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The response to a GET with these request fields. */
export type Answer = Pick<StoredResponse, 'status' | 'headers'>;

/** True when a shared cache may store `response` to a GET with the fields of `request` (section 3). */
export function mayStore(request: HeaderMap, response: Answer): boolean {
  const { status, headers } = response;
  const said = responseDirectives(headers);
  if (status < 200 || NEVER_STORED.has(status)) return false;
  if (requestDirectives(request).has('no-store')) return false;
  // Section 5.2.2.3: who understands the status ignores the no-store meant for those who do not.
  if (said.has('must-understand') ? !UNDERSTOOD.has(status) : said.has('no-store')) return false;
  if (said.isUnqualified('private')) return false;
  if (request['authorization'] !== undefined && !isOpenToAll(headers)) return false;
  // It would match no later request (section 4.1).
  if (variedFields(headers) === 'any') return false;
  const explicit = hasExplicitLifetime(response);
  // A cookie set by a response that says nothing of caching was meant for one client.
  if (headers['set-cookie'] !== undefined && !explicit) return false;
  return explicit || allowsHeuristics(response);
}

/**
 * True when a redirect says that what it leads to is not for a shared cache to keep as the answer of
 * its URL: `no-store`, or `private` for all of it. Its lifetime and `no-cache` are the redirect's own
 * matter: signed locations are short-lived, and what they lead to says for itself how long it is fresh.
 */
export function forbidsStoring(redirect: HeaderMap): boolean {
  const said = responseDirectives(redirect);
  // Section 5.2.2.3: redirects are understood here.
  return (said.has('no-store') && !said.has('must-understand')) || said.isUnqualified('private');
}

/** True when something can come of storing it: it has a lifetime, a validator, or a use when stale. */
export function isOfUse(stored: StoredResponse): boolean {
  if (validatorOf(stored.headers).kind !== 'none') return true;
  if (freshnessOf(stored).lifetimeSeconds > 0) return true;
  const said = responseDirectives(stored.headers);
  return ['stale-while-revalidate', 'stale-if-error'].some((name) => {
    const seconds = said.seconds(name);
    return typeof seconds === 'number' && seconds > 0;
  });
}

const CONTENT_DIGESTS = ['content-digest', 'content-md5'];

/** The end-to-end fields of a response: what may be stored and sent on (section 3.1). */
export function endToEnd(status: number, headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  Object.assign(kept, headers);
  const named = tokenMembers(headerValue(headers, 'connection'));
  for (const name of [...NOT_END_TO_END, ...named]) Reflect.deleteProperty(kept, name);
  // Of a part it says which part; elsewhere it is a field without meaning, like any unknown one.
  if (status === 206 || status === 416) delete kept['content-range'];
  // Digests of that part alone (RFC 9530 section 2), which is kept as a piece of the whole.
  if (status === 206 && !isAll(headers))
    for (const name of CONTENT_DIGESTS) Reflect.deleteProperty(kept, name);
  return kept;
}

/** True for a 206 whose part is the whole. */
function isAll(headers: HeaderMap): boolean {
  const told = parseContentRange(headerValue(headers, 'content-range') ?? '');
  return told?.range?.start === 0 && told.range.end === told.completeLength;
}

/** Without the fields that `private` and `no-cache` name: these are for one client, or one use. */
export function withoutListedFields(headers: HeaderMap): HeaderMap {
  const said = responseDirectives(headers);
  const listed = [...said.fieldNames('private'), ...said.fieldNames('no-cache')];
  if (listed.length === 0) return headers;
  const kept = emptyHeaders();
  Object.assign(kept, headers);
  for (const name of listed) Reflect.deleteProperty(kept, name);
  return kept;
}

/** Section 3.5: what lets a response to a request with Authorization be stored for others. */
function isOpenToAll(headers: HeaderMap): boolean {
  const said = responseDirectives(headers);
  return said.has('public') || said.has('s-maxage') || said.has('must-revalidate');
}
