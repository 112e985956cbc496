/**
 * The Link field of a page of a listing (RFC 8288): only the next page is told on, and as ours, since a
 * client would follow the hub's own past the mirror. Pure.
 */
import { headerValue, type HeaderMap } from '../model/headers.js';

const LINK = /<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/g;

const NEXT = /;\s*rel\s*=\s*(?:"next"|next(?=$|[\s;]))/i;

/**
 * The field for clients, or `undefined` where there is no next page. `upstream` is the base URL of the
 * hub; a next page that is not below it is left out. `ours` is what `addressOf` says: huggingface_hub and
 * others follow the target as it stands, so a relative one would break them.
 */
export function linkForClients(
  field: string | undefined,
  upstream: string,
  ours: string,
): string | undefined {
  for (const [, target = '', parameters = ''] of (field ?? '').matchAll(LINK)) {
    if (!NEXT.test(parameters)) continue;
    const below = belowUpstream(target, upstream);
    if (below !== undefined) return `<${ours}${below}>; rel="next"`;
  }
  return undefined;
}

/**
 * Where the client that sent `headers` finds us, without a slash at the end: the listener speaks plain
 * HTTP alone. Empty, for relative targets, where it named no host (HTTP/1.0).
 */
export function addressOf(headers: HeaderMap): string {
  const host = headerValue(headers, 'host');
  return host === undefined ? '' : `http://${host}`;
}

function belowUpstream(target: string, upstream: string): string | undefined {
  if (!URL.canParse(target, `${upstream}/`)) return undefined;
  const { href } = new URL(target, `${upstream}/`);
  return href.startsWith(`${upstream}/`) ? href.slice(upstream.length) : undefined;
}
