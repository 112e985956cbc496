/**
 * Files of repositories, `/{id}/resolve/{revision}/{path}`: the decision first, then the bytes, which
 * are the same object in whatever revision and repository they are found.
 */
import type { CacheAnswer, CacheRequest } from '../cache/answer.js';
import type { Cache } from '../cache/lookup.js';
import type { CacheServices } from '../cache/services.js';
import { boundOf } from '../cache/want.js';
import { within } from '../model/deferred.js';
import { ForebayError } from '../model/errors.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { answerToLoad, answerToSilence, ownError, refused } from './answers.js';
import { type Asking, type Decision, Decisions } from './decisions.js';
import { ownUrl } from './link.js';
import type { HubPolicy } from './policy.js';
import type { Refusals } from './refusals.js';
import { withTokenLink, XET_HASH_FIELD, type XetRepositories } from './xet.js';

export interface FilesRooms {
  readonly services: CacheServices;
  readonly cache: Pick<Cache, 'answerWith'>;
  readonly policy: () => HubPolicy;
  readonly refusals: Refusals;
  readonly xet: XetRepositories;
}

export class HubFiles {
  readonly #services: CacheServices;
  readonly #cache: Pick<Cache, 'answerWith'>;
  readonly #decisions: Decisions;

  readonly #xet: XetRepositories;

  constructor({ services, cache, policy, refusals, xet }: FilesRooms) {
    this.#services = services;
    this.#cache = cache;
    this.#xet = xet;
    this.#decisions = new Decisions(services, policy, refusals);
  }

  /** Rejects with a `ForebayError`. */
  async lookup(request: CacheRequest, asking: Asking): Promise<CacheAnswer> {
    const bound = boundOf(this.#services, request.signal);
    const decision = await within(this.#decisions.decide(asking), bound).catch(unanswered);
    switch (decision.kind) {
      case 'refused':
        return refused(decision.refusal);
      case 'unreachable':
        return decision.answer;
      case 'untold':
        return ownError(502, null, decision.message);
      case 'overloaded':
        return decision.answer;
      case 'granted': {
        const { stored, offline } = decision;
        const source = asking.upstream.source(stored.object.uri, asking.who.headers);
        const detail = offline ? 'offline' : undefined;
        const answer = await this.#cache.answerWith(request, { stored, source, detail });
        return {
          ...answer,
          headers: this.#fieldsFor(request, asking, answer.headers),
          instead: (failure) => answerToLoad(failure) ?? answerToSilence(failure),
        };
      }
    }
  }

  #fieldsFor(
    request: CacheRequest,
    { upstream, route: { repository } }: Asking,
    headers: HeaderMap,
  ): HeaderMap {
    if (!(XET_HASH_FIELD in headers)) return headers;
    this.#xet.add(upstream.name, repository);
    const commit = headerValue(headers, 'x-repo-commit') ?? '';
    return withTokenLink(headers, { repository, commit, own: ownUrl(request.headers) });
  }
}

/** The hub did not say in time what the file is. */
function unanswered(error: unknown): Decision {
  const answer = error instanceof ForebayError ? answerToSilence(error) : undefined;
  if (answer === undefined) throw error;
  return { kind: 'unreachable', answer };
}
