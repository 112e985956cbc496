/**
 * Maps a URL in a hub's answer to a target at the configured endpoint. A hub has several names:
 * when the endpoint is a mirror or a rewriting proxy, answers may contain the hub's original name.
 * Pure.
 */
import { fieldUri } from '../model/uri.js';
import { MAX_LOCATION_LENGTH } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';

/** Hosts of the Hub itself, which its mirrors repeat in their answers. */
const ALIASES: ReadonlySet<string> = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);

/** `allowed`: hosts that redirects may lead to also count as the hub's. */
export type Names = 'own' | 'allowed';

/**
 * Resolves a reference in the answer from `from` to a request target at the hub, with its fragment.
 * Returns `undefined` when it leads elsewhere. Its host is not used: requests for the target go to
 * the configured endpoint.
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
