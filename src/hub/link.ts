/**
 * The Link field of a page of a listing (RFC 8288): only the next page is told on, and as ours, since a
 * client would follow an absolute one past the mirror. Pure.
 */
import { ForebayError } from '../model/errors.js';
import { fieldUri } from '../model/uri.js';

const LINK = /<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/g;

const NEXT = /;\s*rel\s*=\s*(?:"next"|next(?=$|[\s;]))/i;

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
  for (const [, target = '', parameters = ''] of (field ?? '').matchAll(LINK)) {
    if (NEXT.test(parameters)) return `<${own}${nextTarget(target, upstream)}>; rel="next"`;
  }
  return undefined;
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
  const encoded = fieldUri(reference);
  if (!URL.canParse(encoded, from)) return undefined;
  const { href } = new URL(encoded, from);
  return href.startsWith(`${upstream}/`) ? href.slice(upstream.length) : undefined;
}
