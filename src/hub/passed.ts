/**
 * What is passed on to the hub uncached: reads that the mirror knows nothing of, and the one POST that
 * reads, `paths-info`. Writes are refused. Stands before cache/pass.
 */
import type { CacheAnswer, CacheRequest } from '../cache/answer.js';
import type { OriginSet } from '../cache/lookup.js';
import type { PassFacade, PassRequest } from '../cache/pass.js';
import { isDisconnected } from '../origin/verdict.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { Upstream } from '../origin/upstream.js';
import { answeringLoad, notAsked, ownError } from './answers.js';
import type { Credentials, Who } from './credentials.js';
import type { Holds } from './holds.js';
import { linkForClients } from './link.js';
import { PathsInfo, type PathsInfoRooms } from './paths-info.js';
import { routeOf } from './route.js';
import { hubTarget } from './target.js';

/** Fields of the hub's answer that are not for clients: they lead past the mirror, or to others. */
const LEADING_AWAY = /^(?:link|location|set-cookie)$/;
const WITHHELD = /^(?:x-xet-.*|link|location|set-cookie)$/;

/** Whose share a request is of that no client made. */
const NOBODY = '';

export interface PassedRooms extends PathsInfoRooms {
  readonly holds: Holds;
  readonly upstreams: OriginSet;
  readonly credentials: Credentials;
  readonly isHub: (origin: string) => boolean;
}

export interface PassedAsking {
  readonly upstream: Upstream;
  readonly who: Who;
  /** Its answer is a token for Xet, and tells it in fields. */
  readonly isXet: boolean;
}

/** A GET that nothing is kept of. */
export async function passedOn(
  passing: PassFacade,
  request: CacheRequest,
  { upstream, who, isXet }: PassedAsking,
): Promise<CacheAnswer> {
  const { origin, target, method, client = NOBODY, signal } = request;
  const headers = fieldsFor(who, request.headers);
  const passed = { origin, target, method, headers, content: null, client, signal };
  const answer = await reached(passing, passed);
  try {
    const kept = without(isXet ? LEADING_AWAY : WITHHELD, answer.headers);
    const field = headerValue(answer.headers, 'link');
    const link = linkForClients(field, upstream.uriOf(''), request.own ?? '');
    if (link !== undefined) kept['link'] = link;
    return { ...answer, headers: kept };
  } catch (error) {
    answer.body.close();
    throw error;
  }
}

export class HubPassing implements PassFacade {
  readonly #rooms: PassedRooms;
  readonly #pathsInfo: PathsInfo;

  constructor(rooms: PassedRooms) {
    this.#rooms = rooms;
    this.#pathsInfo = new PathsInfo(rooms);
  }

  async pass(asking: PassRequest): Promise<CacheAnswer> {
    const { passing, isHub, upstreams, credentials, policy } = this.#rooms;
    if (!isHub(asking.origin)) return passing.pass(asking);
    const request = { ...asking, target: hubTarget(asking.target) };
    const upstream = upstreams.get(request.origin);
    const route = routeOf(request.target);
    if (upstream === undefined || request.method !== 'POST' || route.kind !== 'paths-info') {
      return ownError(405, null, 'This mirror only reads');
    }
    const who = credentials.who(request.headers, route.repository, policy().serverToken);
    this.#rooms.holds.askedAbout(route.repository, { ...request, who });
    const headers = fieldsFor(who, request.headers);
    const asked = { ...request, headers };
    const { own = '' } = request;
    return answeringLoad(this.#pathsInfo.answer(asked, { upstream, route, who }, own));
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

function without(withheld: RegExp, headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  for (const [name, value] of Object.entries(headers)) {
    if (!withheld.test(name)) kept[name] = value;
  }
  return kept;
}
