/**
 * Rewrites the Link field (RFC 8288) and the Location of a hub's answers so that they lead to this
 * mirror: a client would follow an absolute URL past it. Pure; used by hub/json-answers and
 * hub/passed.
 */
import { ForebayError } from '../model/errors.js';
import { nextLink } from '../model/link-field.js';
import { fieldUri } from '../model/uri.js';
import { MAX_LOCATION_LENGTH } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { targetAtHub } from './names.js';

type Hub = Pick<Upstream, 'uriOf' | 'leadsTo'>;

/** A page of a listing. */
export interface Page {
  readonly upstream: Hub;
  /** The request target: relative references resolve against it (RFC 8288). */
  readonly target: string;
  /** The mirror's URL as the client addresses it. */
  readonly own: string;
}

/**
 * Returns the Link field for clients, or `undefined` when there is no next page. The URL is
 * absolute, because clients do not resolve it. Throws `origin-protocol` for a next page at another
 * host: if it were omitted, the listing would end early without an error.
 */
export function linkForClients(field: string | undefined, page: Page): string | undefined {
  const next = nextLink(field ?? '');
  return next === undefined ? undefined : `<${page.own}${nextTarget(next, page)}>; rel="next"`;
}

function nextTarget(reference: string, { upstream, target }: Page): string {
  const next = targetAtHub(reference, upstream.uriOf(target), upstream, 'allowed');
  if (next !== undefined) return next;
  const message = 'the hub continues a listing at another host';
  throw new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}

/**
 * Returns the Location for a client whose request was passed on: a target at this mirror for a
 * redirect within the hub, otherwise the hub's own URL, since the answer is for this client alone.
 * `from` is the requested URI. Returns `undefined` when the URL is too long or not HTTP.
 */
export function locationForClients(
  reference: string,
  from: string,
  upstream: Hub,
): string | undefined {
  const target = targetAtHub(reference, from, upstream, 'own');
  if (target !== undefined) return target;
  const encoded = fieldUri(reference);
  if (encoded.length > MAX_LOCATION_LENGTH || !URL.canParse(encoded, from)) return undefined;
  const { href, protocol } = new URL(encoded, from);
  return protocol === 'http:' || protocol === 'https:' ? href : undefined;
}
