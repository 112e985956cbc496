/**
 * The Link field of a page of a listing (RFC 8288): only the next page is told on, and as ours, since a
 * client would follow an absolute one past the mirror. Pure.
 */
import { headerValue, type HeaderMap } from '../model/headers.js';

const LINK = /<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/g;

const NEXT = /;\s*rel\s*=\s*(?:"next"|next(?=$|[\s;]))/i;

/**
 * The field for clients, or `undefined` where there is no next page. `upstream` is the base URL of the
 * hub; a next page that is not below it is left out. `own` is what clients take for that URL: clients of
 * a hub ask for the target as it stands, so that it must be absolute.
 */
export function linkForClients(
  field: string | undefined,
  upstream: string,
  own: string,
): string | undefined {
  for (const [, target = '', parameters = ''] of (field ?? '').matchAll(LINK)) {
    if (!NEXT.test(parameters)) continue;
    const below = belowUpstream(target, upstream);
    if (below !== undefined) return `<${own}${below}>; rel="next"`;
  }
  return undefined;
}

function belowUpstream(target: string, upstream: string): string | undefined {
  if (!URL.canParse(target, `${upstream}/`)) return undefined;
  const { href } = new URL(target, `${upstream}/`);
  return href.startsWith(`${upstream}/`) ? href.slice(upstream.length) : undefined;
}

/** How the client calls us: its Host, and https where who forwarded the request took it so. */
export function ownUrl(request: HeaderMap): string {
  const host = headerValue(request, 'host') ?? '';
  if (host === '') return '';
  const isSecure = headerValue(request, 'x-forwarded-proto')?.toLowerCase() === 'https';
  return `${isSecure ? 'https' : 'http'}://${host}`;
}
