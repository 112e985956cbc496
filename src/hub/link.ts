/**
 * The Link field of a page of a listing (RFC 8288): only the next page is told on, and as ours, since a
 * client would follow an absolute one past the mirror. Pure.
 */
import { ForebayError } from '../model/errors.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { nextLink } from '../model/link-field.js';
import { MAX_LOCATION_LENGTH } from '../origin/redirect.js';

/**
 * The field for clients, or `undefined` where there is no next page. `upstream` is the base URL of the
 * hub. `own` is what clients take for that URL: clients of a hub ask for the target as it stands, so that
 * it must be absolute. Throws a `ForebayError` for a next page that is not below `upstream`: left
 * out, the listing would end there without a word.
 */
export function linkForClients(
  field: string | undefined,
  upstream: string,
  own: string,
): string | undefined {
  const next = nextLink(field ?? '');
  return next === undefined ? undefined : `<${own}${nextTarget(next, upstream)}>; rel="next"`;
}

function nextTarget(reference: string, upstream: string): string {
  const target = targetBelow(reference, `${upstream}/`, upstream);
  if (target !== undefined) return target;
  const message = 'the hub continues a listing at another host';
  throw new ForebayError('origin-protocol', message, { source: 'origin', retryable: false });
}

/**
 * The request target at a hub that a reference found at `from` means; `undefined` where that is
 * elsewhere. `upstream` is the base URL of the hub, without a slash at the end.
 */
export function targetBelow(reference: string, from: string, upstream: string): string | undefined {
  if (reference.length > MAX_LOCATION_LENGTH || !URL.canParse(reference, from)) return undefined;
  const { href } = new URL(reference, from);
  return href.startsWith(`${upstream}/`) ? href.slice(upstream.length) : undefined;
}

/** How the client calls us: its Host, and https where who forwarded the request took it so. */
export function ownUrl(request: HeaderMap): string {
  const host = headerValue(request, 'host') ?? '';
  if (host === '') return '';
  const isSecure = headerValue(request, 'x-forwarded-proto')?.toLowerCase() === 'https';
  return `${isSecure ? 'https' : 'http'}://${host}`;
}
