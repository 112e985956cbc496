/**
 * What is passed on to the hub uncached: reads that the mirror knows nothing of, and the one POST that
 * reads, `paths-info`. Writes are refused. Stands before cache/pass.
 */
import type { CacheAnswer, CacheRequest } from '../cache/answer.js';
import type { OriginSet } from '../cache/lookup.js';
import type { PassFacade, PassRequest } from '../cache/pass.js';
import type { CacheServices } from '../cache/services.js';
import { isDisconnected } from '../cache/verdict.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { notAsked, overloaded, ownError, refusalOf, refused } from './answers.js';
import { jsonAnswer } from './api.js';
import type { Credentials, Who } from './credentials.js';
import { ownUrl } from './link.js';
import type { HubPolicy } from './policy.js';
import { readBody } from './read-body.js';
import { routeOf } from './route.js';

/** Fields of the hub's answer that are not for clients: they lead past the mirror, or to others. */
const WITHHELD = /^(?:x-xet-|link$|location$|set-cookie$)/;

/** Whose share a request is of that no client made. */
const NOBODY = '';

export interface PassedRooms {
  readonly services: Pick<CacheServices, 'clock' | 'limits'>;
  readonly passing: PassFacade;
  readonly upstreams: OriginSet;
  readonly credentials: Credentials;
  readonly policy: () => HubPolicy;
  readonly isHub: (origin: string) => boolean;
}

/** A GET that nothing is kept of. */
export async function passedOn(
  passing: PassFacade,
  request: CacheRequest,
  who: Who,
): Promise<CacheAnswer> {
  const { origin, target, method, client = NOBODY, signal } = request;
  const headers = fieldsFor(who, request.headers);
  const passed = { origin, target, method, headers, content: null, client, signal };
  const answer = await reached(passing, passed);
  return { ...answer, headers: withoutWithheld(answer.headers) };
}

export class HubPassing implements PassFacade {
  readonly #rooms: PassedRooms;

  constructor(rooms: PassedRooms) {
    this.#rooms = rooms;
  }

  async pass(request: PassRequest): Promise<CacheAnswer> {
    const { passing, isHub, upstreams, credentials, policy } = this.#rooms;
    if (!isHub(request.origin)) return passing.pass(request);
    const upstream = upstreams.get(request.origin);
    const route = routeOf(request.target);
    if (upstream === undefined || request.method !== 'POST' || route.kind !== 'paths-info') {
      return ownError(405, null, 'This mirror only reads');
    }
    const who = credentials.who(request.headers, route.repository, policy().serverToken);
    const headers = fieldsFor(who, request.headers);
    const answer = await reached(passing, { ...request, headers });
    try {
      const { status, body, outcome } = answer;
      if (status === 429 || status >= 500) return overloaded();
      if (status !== 200) return refused(refusalOf(status, answer.headers));
      const { clock, limits } = this.#rooms.services;
      const raw = await readBody(body, { clock, sourceIdleTimeoutMs: limits.requestTimeoutMs });
      return jsonAnswer(
        { headers: answer.headers, raw, outcome },
        upstream,
        ownUrl(request.headers),
      );
    } finally {
      answer.body.close();
    }
  }
}

async function reached(passing: PassFacade, request: PassRequest): Promise<CacheAnswer> {
  try {
    return await passing.pass(request);
  } catch (error) {
    if (error instanceof ForebayError && isDisconnected(error)) return notAsked(error);
    throw error;
  }
}

/** Request fields for the hub: who asks, and what the content is. */
function fieldsFor(who: Who, request: HeaderMap): HeaderMap {
  const headers = emptyHeaders();
  Object.assign(headers, who.headers, { accept: '*/*', 'accept-encoding': 'identity' });
  const type = headerValue(request, 'content-type');
  if (type !== undefined) headers['content-type'] = type;
  return headers;
}

function withoutWithheld(headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  for (const [name, value] of Object.entries(headers)) {
    if (!WITHHELD.test(name)) kept[name] = value;
  }
  return kept;
}
