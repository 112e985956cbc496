/**
 * What a shared cache may store (RFC 9111 sections 3, 3.1 and 3.5), and which of it is useful. The
 * rules apply to every hop of a redirect chain. Pure; cache/rfc9111/describe applies them to every
 * fetched response.
 */
import { tokenMembers } from '../../model/field-syntax.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../../model/headers.js';
import { HOP_BY_HOP } from '../../model/hop-by-hop.js';
import type { StoredResponse } from '../../model/response.js';
import { validatorOf } from '../../model/validator.js';
import { namedByVary } from '../../model/vary.js';
import { forwardedFields } from '../../origin/forward.js';
import { isCredential } from '../../origin/request-fields.js';
import { requestDirectives, responseDirectives } from './directives.js';
import { parseContentRange } from '../../origin/content-range.js';
import { allowsHeuristics, freshnessOf, hasExplicitLifetime } from './freshness.js';
import { linksOf, variedFields } from './chain.js';

/**
 * Never stored. 401, 403, 407 and 429 are about a credential or load; 206 and 304 are not whole
 * responses until cache/rfc9111/describe has completed them.
 */
const NEVER_STORED: ReadonlySet<number> = new Set([206, 304, 401, 403, 407, 429]);

/**
 * Statuses of RFC 9110 section 15, whose requirements on caches are met here (`must-understand`).
 */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308],
  ...[400, 402, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426],
  ...[500, 501, 502, 503, 504, 505],
]);

/**
 * Fields that describe one connection or one transfer (RFC 9110 section 7.6.1, 9111 section 3.1).
 */
const NOT_END_TO_END: readonly string[] = [...HOP_BY_HOP, 'content-length'];

/** The response to a GET with these request fields, and the redirects that led to it. */
export type ReceivedResponse = Pick<StoredResponse, 'status' | 'headers' | 'hops'>;

/**
 * True when a shared cache may store `response` to a GET with the fields of `request` (section 3).
 */
export function mayStore(request: HeaderMap, response: ReceivedResponse): boolean {
  return hindranceTo(request, response) === undefined && isStorable(response);
}

/** True if no hop forbids a shared cache to store the response, whoever requested it. */
export function isStorable(response: ReceivedResponse): boolean {
  const { status } = response;
  if (status < 200 || NEVER_STORED.has(status)) return false;
  // It would match no later request (section 4.1).
  if (variedFields(response) === 'any') return false;
  if (!linksOf(response).every(allowsStoring)) return false;
  return hasExplicitLifetime(response) || allowsHeuristics(response);
}

/** The request field that makes the response private to its requester; `undefined` if none does. */
export function hindranceTo(request: HeaderMap, response: ReceivedResponse): string | undefined {
  const { headers, hops } = response;
  if (requestDirectives(request).has('no-store')) return 'cache-control';
  // A location that a redirect gave to a credential is private too: its own fields do not know
  // that.
  const shown = hops.flatMap((hop) => hop.shown)[0];
  if (shown !== undefined) return shown;
  if (request['authorization'] !== undefined && !isOpenToAll(headers)) return 'authorization';
  return Object.keys(forwardedFields(request)).find(
    (name) => isCredential(name) && !isHeeded(name, response),
  );
}

/**
 * True when a response shows that it means others too although a field like this came with its
 * request. A key is taken as Authorization is (section 3.5). Browsers send cookies with everything,
 * so for them it is enough that the response speaks to caches at all.
 */
function isHeeded(name: string, response: ReceivedResponse): boolean {
  if (isOpenToAll(response.headers)) return true;
  if (name === 'cookie' && hasExplicitLifetime(response)) return true;
  return name !== 'authorization' && namedByVary(response.headers).includes(name);
}

/** Whether one hop allows storing for other requesters. */
function allowsStoring({ status, headers }: Pick<StoredResponse, 'status' | 'headers'>): boolean {
  const said = responseDirectives(headers);
  // Section 5.2.2.3: who understands the status ignores the no-store meant for those who do not.
  if (said.has('must-understand') ? !UNDERSTOOD.has(status) : said.has('no-store')) return false;
  if (said.isUnqualified('private')) return false;
  // A response that sets a cookie without caching fields is meant for one client.
  return headers['set-cookie'] === undefined || hasExplicitLifetime({ headers });
}

/** True if storing it is useful: it has a lifetime, a validator, or may be used stale. */
export function isOfUse(stored: StoredResponse): boolean {
  if (validatorOf(stored.headers).kind !== 'none') return true;
  return linksOf(stored).every((link) => {
    if (freshnessOf(link).lifetimeSeconds > 0) return true;
    const said = responseDirectives(link.headers);
    return ['stale-while-revalidate', 'stale-if-error'].some((name) => {
      const seconds = said.seconds(name);
      return typeof seconds === 'number' && seconds > 0;
    });
  });
}

const CONTENT_DIGESTS = ['content-digest', 'content-md5'];

/** The end-to-end fields of a response: those that may be stored and forwarded (section 3.1). */
export function endToEnd(status: number, headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  Object.assign(kept, headers);
  const named = tokenMembers(headerValue(headers, 'connection'));
  for (const name of [...NOT_END_TO_END, ...named]) Reflect.deleteProperty(kept, name);
  // Content-Range has a meaning in a 206 and a 416 only.
  if (status === 206 || status === 416) delete kept['content-range'];
  // Digests of that part alone (RFC 9530 section 2), which is kept as a piece of the whole.
  if (status === 206 && !isAll(headers))
    for (const name of CONTENT_DIGESTS) Reflect.deleteProperty(kept, name);
  return kept;
}

/** True for a 206 whose part is the whole. */
function isAll(headers: HeaderMap): boolean {
  const contentRange = parseContentRange(headerValue(headers, 'content-range') ?? '');
  return contentRange?.range?.start === 0 && contentRange.range.end === contentRange.completeLength;
}

/** A cookie belongs to the client that received it, whatever the response allows (section 7.3). */
const FOR_ONE_CLIENT = ['set-cookie', 'set-cookie2'];

/**
 * Removes the fields for one client or one use: cookies, and those that `private` and `no-cache`
 * name.
 */
export function forOthers(headers: HeaderMap): HeaderMap {
  const said = responseDirectives(headers);
  const named = [...said.fieldNames('private'), ...said.fieldNames('no-cache'), ...FOR_ONE_CLIENT];
  const listed = named.filter((name) => headers[name] !== undefined);
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
