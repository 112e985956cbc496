/**
 * Logs why an origin's responses are never hits: the field that makes them private, once per origin
 * and kind of field. Cache-Control needs no explanation, as the origin sets it on purpose. Owned by
 * CollapsedFetches.
 */
import type { HeaderMap } from '../../model/headers.js';
import type { Upstream } from '../../origin/upstream.js';
import { isPersonal } from '../../origin/request-fields.js';
import { linksOf, variedFields } from '../rfc9111/chain.js';
import { responseDirectives } from '../rfc9111/directives.js';
import { hasExplicitLifetime } from '../rfc9111/freshness.js';
import { type ReceivedResponse, hindranceTo } from '../rfc9111/policy.js';

export type HindranceKind =
  /** Sets a cookie without a lifetime for the response: stickiness, sessions. */
  | 'set-cookie'
  /** `Vary: *`. */
  | 'vary-any'
  /** Vary names what each client has another value of: there is a variant for each of them. */
  | 'vary-client'
  /** The client showed something that others do not. */
  | 'request';

export interface Hindrance {
  readonly kind: HindranceKind;
  /** The field, with the part of its value that matters. */
  readonly field: string;
}

/** Clients choose field names: longer ones are not looked up. */
const MAX_NAME_LENGTH = 64;

/**
 * What makes a good answer useless to others; `undefined` where nothing does, or it was meant so.
 */
export function hindranceOf(request: HeaderMap, response: ReceivedResponse): Hindrance | undefined {
  if (response.status !== 200 || responseDirectives(request).has('no-store')) return undefined;
  const links = linksOf(response);
  const isMeant = links.some(({ headers }) => {
    const directives = responseDirectives(headers);
    return directives.has('no-store') || directives.isUnqualified('private');
  });
  if (isMeant) return undefined;
  const varied = variedFields(response);
  if (varied === 'any') return { kind: 'vary-any', field: 'Vary: *' };
  const hasCookie = links.some(
    ({ headers }) => headers['set-cookie'] !== undefined && !hasExplicitLifetime({ headers }),
  );
  if (hasCookie) return { kind: 'set-cookie', field: 'Set-Cookie' };
  const shown = hindranceTo(request, response);
  if (shown !== undefined) return { kind: 'request', field: shown.slice(0, MAX_NAME_LENGTH) };
  const personal = varied.find(isPersonal);
  if (personal === undefined) return undefined;
  return { kind: 'vary-client', field: `Vary: ${personal.slice(0, MAX_NAME_LENGTH)}` };
}

export class Hindrances {
  readonly #warn: (origin: string, field: string) => void;
  /** Bounded: by the origins that there are, and the kinds. */
  readonly #warned = new WeakMap<Upstream, Set<HindranceKind>>();

  constructor(warn: (origin: string, field: string) => void) {
    this.#warn = warn;
  }

  /** Looks at a response that was fetched from `upstream`. */
  look(upstream: Upstream, request: HeaderMap, response: ReceivedResponse): void {
    const found = hindranceOf(request, response);
    if (found === undefined) return;
    const kinds = this.#warned.get(upstream) ?? new Set();
    this.#warned.set(upstream, kinds);
    if (kinds.has(found.kind)) return;
    kinds.add(found.kind);
    this.#warn(upstream.name, found.field);
  }
}
