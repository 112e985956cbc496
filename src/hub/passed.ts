/**
 * Passes requests on to the hub without storing the answer: reads of unknown paths, and git's POST.
 * `POST paths-info` goes to hub/paths-info; other methods are refused, since they may write. Calls
 * cache/passthrough/pass; used by hub/lookup and hub/mirror.
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

/** Fields of the hub's answer withheld from clients: links past the mirror, and cookies. */
const LEADING_AWAY = /^(?:link|location|set-cookie)$/;
/** The same with the fields of Xet. */
const WITHHELD = /^(?:x-xet-.*|link|location|set-cookie)$/;

/** A media type that makes the hub answer with Xet's data in place of plain HTTP. */
const XET_TYPE = 'application/vnd.xet-fileinfo+json';

/** The client under which requests without a client are limited. */
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
  /** `xet-token`: the answer carries a token for Xet in X-Xet fields, which are kept. */
  readonly kind: 'xet-token' | 'git' | 'other';
  /** In ms since the epoch. */
  readonly nowMs: number;
}

/** Passes a GET or HEAD on to the hub; nothing of its answer is stored. */
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

/** Returns the hub's answer without the withheld fields; its links to the hub lead here. */
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
    const { own = '' } = request;
    const forwarded = { ...request, headers };
    return answeringLoad(this.#pathsInfo.answer(forwarded, { upstream, route, who }, own));
  }

  /** Passes on a git request that is not a GET, such as the POST that negotiates a fetch. */
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

/** Returns the request fields for the hub: credential, Content-Type, Accept, Accept-Encoding. */
function fieldsFor(who: Who, request: HeaderMap): HeaderMap {
  const headers = emptyHeaders();
  const accept = acceptFor(headerValue(request, 'accept'));
  Object.assign(headers, who.headers, { accept, 'accept-encoding': 'identity' });
  const type = headerValue(request, 'content-type');
  if (type !== undefined) headers['content-type'] = type;
  return headers;
}

/** Returns the client's Accept without Xet's media type. */
function acceptFor(accept = ''): string {
  const ranges = accept.split(',').map(trimOws);
  const kept = ranges.filter(
    (range) => range !== '' && trimOws(range.split(';', 1)[0] ?? '').toLowerCase() !== XET_TYPE,
  );
  return kept.length === 0 ? '*/*' : kept.join(', ');
}

function without(withheld: RegExp, headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  for (const [name, value] of Object.entries(headers)) {
    if (!withheld.test(name)) kept[name] = value;
  }
  return kept;
}
