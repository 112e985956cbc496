/**
 * Reports why an origin's answers never become hits: the field that makes them unshareable, once
 * for each origin and kind of field. Cache-Control that forbids sharing is deliberate and is not
 * reported. Owned by CollapsedFetches.
 */
import type { HeaderMap } from '../../model/headers.js';
import type { Upstream } from '../../origin/upstream.js';
import { isPersonal } from '../../origin/request-fields.js';
import { linksOf, variedFields } from '../rfc9111/chain.js';
import { responseDirectives } from '../rfc9111/directives.js';
import { hasExplicitLifetime } from '../rfc9111/freshness.js';
import { type ReceivedResponse, hindranceTo } from '../rfc9111/policy.js';

export type HindranceKind =
  /** The response sets a cookie and has no explicit lifetime: stickiness, sessions. */
  | 'set-cookie'
  /** `Vary: *`. */
  | 'vary-any'
  /** Vary names a field that differs per client: there is a variant for each of them. */
  | 'vary-client'
  /** The request has a field that makes the answer its client's alone, such as credentials. */
  | 'request';

export interface Hindrance {
  readonly kind: HindranceKind;
  /** The field to report: its name, for Vary with the relevant part of its value. */
  readonly field: string;
}

/** Longest name reported. Clients may choose names, and a longer one helps no operator. */
const MAX_NAME_LENGTH = 64;

/**
 * Returns what makes a 200 response unshareable. Returns `undefined` when nothing does, or when
 * Cache-Control of the request or of the response forbids sharing.
 */
export function hindranceOf(request: HeaderMap, response: ReceivedResponse): Hindrance | undefined {
  if (response.status !== 200 || responseDirectives(request).has('no-store')) return undefined;
  const links = linksOf(response);
  const isDeliberate = links.some(({ headers }) => {
    const directives = responseDirectives(headers);
    return directives.has('no-store') || directives.isUnqualified('private');
  });
  if (isDeliberate) return undefined;
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
  /** Kinds already reported. Bounded by the number of origins and of kinds. */
  readonly #warned = new WeakMap<Upstream, Set<HindranceKind>>();

  constructor(warn: (origin: string, field: string) => void) {
    this.#warn = warn;
  }

  /** Reports the hindrance, if any, of a response that was fetched from `upstream`. */
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
