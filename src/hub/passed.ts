/**
 * Requests that are forwarded to the hub uncached: reads that the mirror does not know, and the
 * POSTs that read, `paths-info` and git's. Writes are refused. Comes before cache/passthrough/pass.
 */
import { trimOws } from '../model/field-syntax.js';
import type { CacheAnswer, CacheRequest } from '../cache/api/facade.js';
import type { OriginSet } from '../cache/answer/cache.js';
import type { PassFacade, PassRequest } from '../cache/passthrough/pass.js';
import { isDisconnected } from '../origin/verdict.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { requestedWaitMs } from '../origin/requested-wait.js';
import type { Upstream } from '../origin/upstream.js';
import { answeringLoad, notAsked, ownError, withRetryAfter } from './answers.js';
import type { Credentials, Who } from './credentials.js';
import { gitFields, gitRouteOf, type GitRoute, notPushed } from './git.js';
import type { Holds } from './holds.js';
import { linkForClients, locationForClients } from './link.js';
import { PathsInfo, type PathsInfoDeps } from './paths-info.js';
import { routeOf } from './route.js';
import { hubTarget } from './target.js';

/**
 * Fields of the hub's answer that are not for clients as they are: they lead past the mirror, or to
 * others.
 */
const LEADING_AWAY = /^(?:link|location|set-cookie)$/;
const WITHHELD = /^(?:x-xet-.*|link|location|set-cookie)$/;

/**
 * The media type by which Xet clients request a file's Xet metadata, which leads away from plain
 * HTTP.
 */
const XET_TYPE = 'application/vnd.xet-fileinfo+json';

/** Whose share a request is of that no client made. */
const NOBODY = '';

export interface HubPassingDeps extends PathsInfoDeps {
  readonly holds: Holds;
  readonly upstreams: OriginSet;
  readonly credentials: Credentials;
  readonly isHub: (origin: string) => boolean;
}

export interface PassedQuestion {
  readonly upstream: Upstream;
  readonly who: Who;
  /** `xet-token`: its answer is a token for Xet, with fields about it. */
  readonly kind: 'xet-token' | 'git' | 'other';
  /** Ms since the epoch. */
  readonly nowMs: number;
}

/** A GET that nothing is kept of. */
export async function passedToHub(
  passing: PassFacade,
  request: CacheRequest,
  question: PassedQuestion,
): Promise<CacheAnswer> {
  const { origin, target, method, client = NOBODY, signal } = request;
  const { who, kind } = question;
  const headers = (kind === 'git' ? gitFields : fieldsFor)(who, request.headers);
  const passed = { origin, target, method, headers, content: null, client, signal };
  return forClients(await reached(passing, passed), request, question);
}

/** The hub's answer for clients: redirects to the hub lead to this mirror. */
function forClients(
  answer: CacheAnswer,
  { target, own = '' }: Pick<CacheRequest, 'target' | 'own'>,
  { upstream, kind, nowMs }: PassedQuestion,
): CacheAnswer {
  try {
    const kept = without(kind === 'xet-token' ? LEADING_AWAY : WITHHELD, answer.headers);
    const link = linkForClients(headerValue(answer.headers, 'link'), { upstream, target, own });
    if (link !== undefined) kept['link'] = link;
    const reference = headerValue(answer.headers, 'location');
    const location =
      reference === undefined
        ? undefined
        : locationForClients(reference, upstream.uriOf(target), upstream);
    if (location !== undefined) kept['location'] = location;
    const { status } = answer;
    const waitMs = requestedWaitMs({ status, headers: kept }, nowMs);
    return { ...answer, headers: status === 429 ? withRetryAfter(kept, waitMs) : kept };
  } catch (error) {
    answer.body.close();
    throw error;
  }
}

export class HubPassing implements PassFacade {
  readonly #deps: HubPassingDeps;
  readonly #pathsInfo: PathsInfo;

  constructor(deps: HubPassingDeps) {
    this.#deps = deps;
    this.#pathsInfo = new PathsInfo(deps);
  }

  async pass(question: PassRequest): Promise<CacheAnswer> {
    const { passing, isHub, upstreams, credentials, policy } = this.#deps;
    if (!isHub(question.origin)) return passing.pass(question);
    const request = { ...question, target: hubTarget(question.target) };
    const upstream = upstreams.get(request.origin);
    const git = gitRouteOf(request.method, request.target);
    if (git !== undefined && upstream !== undefined) return this.#git(request, git, upstream);
    const route = routeOf(request.target);
    if (upstream === undefined || request.method !== 'POST' || route.kind !== 'paths-info') {
      return ownError(405, null, 'This mirror only reads');
    }
    const who = credentials.who(request.headers, route.repository, policy().serverToken);
    this.#deps.holds.askedAbout(route.repository, { ...request, who });
    const headers = fieldsFor(who, request.headers);
    const asked = { ...request, headers };
    const { own = '' } = request;
    return answeringLoad(this.#pathsInfo.answer(asked, { upstream, route, who }, own));
  }

  /** The POST in which git lists what it has and needs. */
  async #git(request: PassRequest, git: GitRoute, upstream: Upstream): Promise<CacheAnswer> {
    const { passing, credentials, policy, services } = this.#deps;
    if (!git.isRead) return notPushed();
    const who = credentials.who(request.headers, git.repository, policy().serverToken);
    const headers = gitFields(who, request.headers);
    const answer = await answeringLoad(reached(passing, { ...request, headers }));
    const nowMs = services.clock.now();
    return forClients(answer, request, { upstream, who, kind: 'git', nowMs });
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

/** Request fields for the hub: credential, content type, and requested representation. */
function fieldsFor(who: Who, request: HeaderMap): HeaderMap {
  const headers = emptyHeaders();
  const accept = acceptFor(headerValue(request, 'accept'));
  Object.assign(headers, who.headers, { accept, 'accept-encoding': 'identity' });
  const type = headerValue(request, 'content-type');
  if (type !== undefined) headers['content-type'] = type;
  return headers;
}

/** The client's Accept without Xet's media type. */
function acceptFor(accept = ''): string {
  const ranges = accept.split(',').map(trimOws);
  const wanted = ranges.filter(
    (range) => range !== '' && trimOws(range.split(';', 1)[0] ?? '').toLowerCase() !== XET_TYPE,
  );
  return wanted.length === 0 ? '*/*' : wanted.join(', ');
}

function without(withheld: RegExp, headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  for (const [name, value] of Object.entries(headers)) {
    if (!withheld.test(name)) kept[name] = value;
  }
  return kept;
}
