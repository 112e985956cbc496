/**
 * What a URL in a hub's answer means at the configured endpoint. A hub is known under several
 * names: behind a mirror of it, or a proxy that rewrites, its answers speak of another one. Pure.
 */
import { fieldUri } from '../model/uri.js';
import { MAX_LOCATION_LENGTH } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';

/** The Hub's own names, which mirrors repeat in its answers. */
const ALIASES: ReadonlySet<string> = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);

/**
 * `allowed`: hosts that redirects may lead to count as the hub's too, as far as paths are meant.
 */
export type Names = 'own' | 'allowed';

/**
 * The hub's request target that a reference at `from` means, with its fragment; `undefined` if it
 * is elsewhere. Only the target is used: requests go to the configured endpoint.
 */
export function targetAtHub(
  reference: string,
  from: string,
  upstream: Pick<Upstream, 'uriOf' | 'leadsTo'>,
  names: Names,
): string | undefined {
  const encoded = fieldUri(reference);
  if (encoded.length > MAX_LOCATION_LENGTH || !URL.canParse(encoded, from)) return undefined;
  const url = new URL(encoded, from);
  const base = upstream.uriOf('');
  if (url.href.startsWith(`${base}/`)) return url.href.slice(base.length);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  if (!isHttp || url.username !== '' || url.password !== '') return undefined;
  const leads = upstream.leadsTo(url);
  const isHub = leads === 'own' || ALIASES.has(url.hostname);
  if (!isHub && !(names === 'allowed' && leads === 'allowed')) return undefined;
  const target = `${url.pathname}${url.search}${url.hash}`;
  const prefix = new URL(base).pathname.replace(/\/$/, '');
  return prefix !== '' && target.startsWith(`${prefix}/`) ? target.slice(prefix.length) : target;
}
