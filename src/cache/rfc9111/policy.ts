/**
 * Decides whether a shared cache may store a response (RFC 9111 sections 3, 3.1 and 3.5), and
 * whether storing it is useful. A response behind redirects must pass these rules at every hop.
 * Pure; cache/rfc9111/describe applies it to every fetched response.
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
 * Statuses that are never stored, whatever the fields. 401, 403, 407 and 429 are about a credential
 * or load; 206 and 304 are not whole responses (cache/rfc9111/describe turns a 206 into its 200
 * before it calls `mayStore`).
 */
const NEVER_STORED: ReadonlySet<number> = new Set([206, 304, 401, 403, 407, 429]);

/** Statuses of RFC 9110 section 15 whose caching requirements are met here (`must-understand`). */
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

/**
 * True when neither the response nor a redirect that led to it forbids a shared cache to store it,
 * whatever the request.
 */
export function isStorable(response: ReceivedResponse): boolean {
  const { status } = response;
  if (status < 200 || NEVER_STORED.has(status)) return false;
  // `Vary: *` matches no later request (section 4.1).
  if (variedFields(response) === 'any') return false;
  if (!linksOf(response).every(allowsStoring)) return false;
  return hasExplicitLifetime(response) || allowsHeuristics(response);
}

/**
 * Returns the name of the request field because of which no other client may get the response;
 * `undefined` without one.
 */
export function hindranceTo(request: HeaderMap, response: ReceivedResponse): string | undefined {
  const { headers, hops } = response;
  if (requestDirectives(request).has('no-store')) return 'cache-control';
  // The redirect was for a request with this field. Whatever the last response allows, other
  // requests might not be redirected to it.
  const shown = hops.flatMap((hop) => hop.shown)[0];
  if (shown !== undefined) return shown;
  if (request['authorization'] !== undefined && !isOpenToAll(headers)) return 'authorization';
  return Object.keys(forwardedFields(request)).find(
    (name) => isCredential(name) && !isHeeded(name, response),
  );
}

/**
 * True when the response may be shared although its request had the credential field `name`. Like
 * Authorization (section 3.5) such a field needs a permission, or Vary must name it. Browsers send
 * cookies with every request, so for Cookie an explicit lifetime is enough.
 */
function isHeeded(name: string, response: ReceivedResponse): boolean {
  if (isOpenToAll(response.headers)) return true;
  if (name === 'cookie' && hasExplicitLifetime(response)) return true;
  return name !== 'authorization' && namedByVary(response.headers).includes(name);
}

/** True when one response, or redirect, allows a shared cache to store it and what it leads to. */
function allowsStoring({ status, headers }: Pick<StoredResponse, 'status' | 'headers'>): boolean {
  const directives = responseDirectives(headers);
  // Section 5.2.2.3: a cache that understands the status ignores no-store beside must-understand.
  const isForbidden = directives.has('must-understand')
    ? !UNDERSTOOD.has(status)
    : directives.has('no-store');
  if (isForbidden || directives.isUnqualified('private')) return false;
  // A cookie set by a response without an explicit lifetime was meant for one client.
  return headers['set-cookie'] === undefined || hasExplicitLifetime({ headers });
}

/** True when the stored response can be used later: fresh, stale, or after a validation. */
export function isOfUse(stored: StoredResponse): boolean {
  if (validatorOf(stored.headers).kind !== 'none') return true;
  return linksOf(stored).every((link) => {
    if (freshnessOf(link).lifetimeSeconds > 0) return true;
    const directives = responseDirectives(link.headers);
    return ['stale-while-revalidate', 'stale-if-error'].some((name) => {
      const seconds = directives.seconds(name);
      return typeof seconds === 'number' && seconds > 0;
    });
  });
}

const CONTENT_DIGESTS = ['content-digest', 'content-md5'];

/** Returns the end-to-end fields of a response, which may be stored and forwarded (section 3.1). */
export function endToEnd(status: number, headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  Object.assign(kept, headers);
  const named = tokenMembers(headerValue(headers, 'connection'));
  for (const name of [...NOT_END_TO_END, ...named]) Reflect.deleteProperty(kept, name);
  // It describes the part; with other statuses it has no meaning and is kept like an unknown field.
  if (status === 206 || status === 416) delete kept['content-range'];
  // These digests are of the part alone (RFC 9530 section 2); the response is stored as the whole.
  if (status === 206 && !isAll(headers))
    for (const name of CONTENT_DIGESTS) Reflect.deleteProperty(kept, name);
  return kept;
}

/** True for a 206 whose part is the whole. */
function isAll(headers: HeaderMap): boolean {
  const parsed = parseContentRange(headerValue(headers, 'content-range') ?? '');
  return parsed?.range?.start === 0 && parsed.range.end === parsed.completeLength;
}

/** A cookie is for the client it was sent to, whatever the response allows (section 7.3). */
const FOR_ONE_CLIENT = ['set-cookie', 'set-cookie2'];

/** Returns `headers` without cookies and the fields that `private` and `no-cache` name. */
export function forOthers(headers: HeaderMap): HeaderMap {
  const directives = responseDirectives(headers);
  const qualified = ['private', 'no-cache'].flatMap((name) => directives.fieldNames(name));
  const named = [...qualified, ...FOR_ONE_CLIENT];
  const listed = named.filter((name) => headers[name] !== undefined);
  if (listed.length === 0) return headers;
  const kept = emptyHeaders();
  Object.assign(kept, headers);
  for (const name of listed) Reflect.deleteProperty(kept, name);
  return kept;
}

/** True when a response to a request with Authorization may be stored for others (section 3.5). */
function isOpenToAll(headers: HeaderMap): boolean {
  const directives = responseDirectives(headers);
  return ['public', 's-maxage', 'must-revalidate'].some((name) => directives.has(name));
}
