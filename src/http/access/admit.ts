/**
 * Decides whether a request is answered at all: first by its form (http/request/screen), then by
 * its sender (http/access/access). Pure; http/exchange/exchange calls it first.
 */
import { emptyHeaders, type HeaderMap } from '../../model/headers.js';
import type { Access } from './access.js';
import { readTarget } from '../request/request-target.js';
import { type Mount, route } from '../request/route.js';
import { type RawRequest, screen, type Screened } from '../request/screen.js';

/** Every `IncomingMessage` is one. */
type Incoming = Pick<RawRequest, 'httpVersion' | 'rawHeaders'> & {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
};

export interface Admitted {
  readonly request: Screened | { readonly kind: 'preflight' };
  /** CORS fields of the answer. */
  readonly fields: HeaderMap;
}

/** `headers` are the same fields as `request.rawHeaders`, joined. */
export function admit(
  { method = '', url = '', httpVersion, rawHeaders }: Incoming,
  headers: HeaderMap,
  { mounts, access }: { readonly mounts: readonly Mount[]; readonly access: Access },
): Admitted {
  const screened = screen({ method, url, httpVersion, rawHeaders }, headers, mounts);
  const unjudged = { request: screened, fields: emptyHeaders() };
  // A preflight may be the one OPTIONS that a mount has.
  if (screened.kind === 'refused' && screened.reason !== 'method-not-allowed') return unjudged;
  const routed = 'origin' in screened ? screened : route(readTarget(method, url).target, mounts);
  if (!('origin' in routed)) return unjudged;
  const judged = access.judge(method, headers, routed.origin);
  if (judged.kind === 'refused') return { ...unjudged, request: judged };
  const isPreflight = judged.kind === 'preflight';
  return { request: isPreflight ? { kind: 'preflight' } : screened, fields: judged.fields };
}
