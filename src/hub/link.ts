/**
 * The Link field of a page of a listing (RFC 8288): only the next page is told on, and as ours, since a
 * client would follow an absolute one past the mirror. Pure.
 */

const LINK = /<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;\s]+))*)/g;

const NEXT = /;\s*rel\s*=\s*(?:"next"|next(?=$|[\s;]))/i;

/**
 * The field for clients, or `undefined` where there is no next page. `upstream` is the base URL of the
 * hub; a next page that is not below it is left out. The target is relative to the root of the host
 * that the client asked: `prefix` is the mount, without a slash at its end.
 */
export function linkForClients(
  field: string | undefined,
  upstream: string,
  prefix: string,
): string | undefined {
  for (const [, target = '', parameters = ''] of (field ?? '').matchAll(LINK)) {
    if (!NEXT.test(parameters)) continue;
    const below = belowUpstream(target, upstream);
    if (below !== undefined) return `<${prefix}${below}>; rel="next"`;
  }
  return undefined;
}

function belowUpstream(target: string, upstream: string): string | undefined {
  if (!URL.canParse(target, `${upstream}/`)) return undefined;
  const { href } = new URL(target, `${upstream}/`);
  return href.startsWith(`${upstream}/`) ? href.slice(upstream.length) : undefined;
}
