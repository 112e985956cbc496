/**
 * The Link field of a page of a listing (RFC 8288): only the next page is told on, and as ours,
 * since a client would follow an absolute one past the mirror. Pure.
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
  /** The target that it was asked for by: relative references are relative to it (RFC 8288). */
  readonly target: string;
  /** What clients take for the URL of the hub. */
  readonly own: string;
}

/**
 * The field for clients, or `undefined` where there is no next page. Clients ask for the target as
 * it stands, so that it is absolute. Throws a
 * `ForebayError` for a next page that is not the hub's, under whatever name: left out, the listing
 * would end there without a word.
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
 * Where a redirect leads a client that is passed on: within the hub to the target here, else where
 * the hub says, as it was said to this client alone. `from` is the URI that was asked for.
 * `undefined`: no place for clients of HTTP.
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
