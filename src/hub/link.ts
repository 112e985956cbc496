/**
 * The Link field of a page of a listing (RFC 8288). Only the next page is sent on, with this
 * mirror's URL, since a client would follow an absolute link past the mirror. Pure.
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
  /** The requested target: relative references are relative to it (RFC 8288). */
  readonly target: string;
  /** What clients take for the URL of the hub. */
  readonly own: string;
}

/**
 * The field for clients, or `undefined` without a next page. Its target is absolute, since clients
 * request it as it is. Throws a `ForebayError` for a next page that is not the hub's: without it
 * the listing would end silently.
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
 * The Location for a client of a forwarded request: a target here if it is the hub's, else
 * unchanged, as it is for this client alone. `from` is the requested URI. `undefined`: clients of
 * HTTP cannot go there.
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
