/**
 * Answers requests for files of repositories, `/{id}/resolve/{revision}/{path}`: first it decides
 * (hub/decisions), then it looks up the bytes under the file's commit. Used by hub/lookup.
 */
import type { CacheAnswer, CacheRequest } from '../cache/api/facade.js';
import type { Cache } from '../cache/answer/cache.js';
import type { CacheServices } from '../cache/api/services.js';
import { boundOf } from '../cache/flight/fetch-context.js';
import { within } from '../model/deferred.js';
import { ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import type { StoredResponse } from '../model/response.js';
import { isRedirect } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { answerToLoad, answerToSilence, bytesAnswer, ownError, refused } from './answers.js';
import type { Decision, DecisionRequest } from './decision.js';
import { Decisions } from './decisions.js';
import { targetOf } from './file-names.js';
import { pinOf } from './file-pins.js';
import type { Holds } from './holds.js';
import type { HubPolicy } from './policy.js';
import type { Refusals } from './refusals.js';
import { isCommit } from './route.js';
import { withTokenLink, XET_HASH_FIELD, type XetRepositories } from './xet.js';

export interface FilesDeps {
  readonly services: CacheServices;
  readonly cache: Pick<Cache, 'answerWith'>;
  readonly policy: () => HubPolicy;
  readonly refusals: Refusals;
  readonly holds: Holds;
  readonly xet: XetRepositories;
}

export class HubFiles {
  readonly #services: CacheServices;
  readonly #cache: Pick<Cache, 'answerWith'>;
  readonly #decisions: Decisions;
  readonly #holds: Holds;
  readonly #xet: XetRepositories;

  constructor({ services, cache, policy, refusals, holds, xet }: FilesDeps) {
    this.#services = services;
    this.#cache = cache;
    this.#holds = holds;
    this.#xet = xet;
    this.#decisions = new Decisions(services, policy, refusals);
  }

  /** Rejects with a `ForebayError`. */
  async lookup(request: CacheRequest, question: DecisionRequest): Promise<CacheAnswer> {
    const { upstream, route, who } = question;
    if (isCommit(route.revision)) return this.#answer(request, question);
    const uri = upstream.uriOf(targetOf(route, route.revision));
    const held = this.#holds.of(request, uri, route.repository, who);
    if (held.kind === 'doubtful') return doubtful();
    const revision = held.kind === 'held' ? held.commit : route.revision;
    const resolved = { ...question, route: { ...route, revision }, name: route.revision };
    // A pin of the name would not apply to reads by the commit.
    const redirects = request.method === 'HEAD' && pinOf(question) === null;
    return this.#answer(request, resolved, (stored) => {
      this.#holds.recordShown(request, uri, route.repository, {
        stored,
        who,
        isHeld: held.kind === 'held',
      });
      return redirects && isRedirect(stored.status)
        ? redirectToCommit(stored, upstream)
        : undefined;
    });
  }

  /** Decides and answers. `onGranted` runs after a grant; its answer, if any, replaces the file. */
  async #answer(
    request: CacheRequest,
    question: DecisionRequest,
    onGranted?: (stored: StoredResponse) => CacheAnswer | undefined,
  ): Promise<CacheAnswer> {
    const bound = boundOf(this.#services, request.signal);
    const decision = await within(this.#decisions.decide(question), bound).catch(unanswered);
    switch (decision.kind) {
      case 'refused':
        return refused(decision.refusal);
      case 'unreachable':
        return decision.answer;
      case 'unidentified':
        return ownError(502, null, decision.message);
      case 'overloaded':
        return decision.answer;
      case 'granted': {
        const { offline } = decision;
        const instead = onGranted?.(decision.stored);
        if (instead !== undefined) return instead;
        const stored = { ...decision.stored, status: 200 };
        const source = question.upstream.source(stored.object.uri, question.who.headers);
        const detail = offline ? 'offline' : undefined;
        const answer = await this.#cache.answerWith(request, { stored, source, detail });
        return {
          ...answer,
          headers: this.#fieldsFor(request, question, answer.headers),
          instead: (failure) => answerToLoad(failure) ?? answerToSilence(failure),
        };
      }
    }
  }

  #fieldsFor(
    request: CacheRequest,
    { upstream, route: { repository, spelled } }: DecisionRequest,
    headers: HeaderMap,
  ): HeaderMap {
    if (!(XET_HASH_FIELD in headers)) return headers;
    this.#xet.add(upstream.name, repository);
    const commit = headerValue(headers, 'x-repo-commit') ?? '';
    return withTokenLink(headers, { repository: spelled, commit, own: request.own ?? '' });
  }
}

/**
 * Returns the answer to HEAD of a branch or tag for which the hub itself redirects: a redirect to
 * the commit's URL, with the file's fields. Clients of a hub follow a relative Location and keep
 * the final URL. So they read, and resume, that commit even after the branch has moved.
 */
function redirectToCommit(stored: StoredResponse, upstream: Upstream): CacheAnswer {
  const headers = Object.assign(emptyHeaders(), stored.headers);
  headers['location'] = upstream.targetOf(stored.object.uri) ?? '';
  headers['x-linked-size'] = String(stored.object.lengthBytes);
  headers['cache-control'] = 'no-cache';
  // These describe the file; the answer at the target carries them.
  for (const name of ['content-type', XET_HASH_FIELD]) Reflect.deleteProperty(headers, name);
  return bytesAnswer(307, headers, Buffer.alloc(0), { kind: 'hit', unverified: false });
}

/**
 * Returns the answer to a range that may belong to either of two commits. No other status is safe:
 * some clients take a 200 for the range that they requested, and join the bytes.
 */
function doubtful(): CacheAnswer {
  const message =
    'The revision moved to another commit, and the range may belong to either: ' +
    'request the commit itself, or the file from its beginning';
  return ownError(412, null, message);
}

/** Returns the decision after a timeout of the hub; throws any other error. */
function unanswered(error: unknown): Decision {
  const answer = error instanceof ForebayError ? answerToSilence(error) : undefined;
  if (answer === undefined) throw error;
  return { kind: 'unreachable', answer };
}
