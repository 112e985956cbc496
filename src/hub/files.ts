/**
 * Files of repositories, `/{id}/resolve/{revision}/{path}`: the decision first, then the bytes, which
 * are the same object in whatever revision and repository they are found.
 */
import type { CacheAnswer, CacheRequest } from '../cache/answer.js';
import type { Cache } from '../cache/lookup.js';
import type { CacheServices } from '../cache/services.js';
import { boundOf } from '../cache/want.js';
import { within } from '../model/deferred.js';
import { overloaded, refused, unreachable } from './answers.js';
import { type Asking, type Decision, Decisions } from './decisions.js';
import type { HubPolicy } from './policy.js';

export class HubFiles {
  readonly #services: CacheServices;
  readonly #cache: Pick<Cache, 'answerWith'>;
  readonly #decisions: Decisions;

  constructor(services: CacheServices, cache: Pick<Cache, 'answerWith'>, policy: () => HubPolicy) {
    this.#services = services;
    this.#cache = cache;
    this.#decisions = new Decisions(services, policy);
  }

  /** Rejects with a `ForebayError`. */
  async lookup(request: CacheRequest, asking: Asking): Promise<CacheAnswer> {
    const bound = boundOf(this.#services, request.signal);
    const decision: Decision = await within(this.#decisions.decide(asking), bound);
    switch (decision.kind) {
      case 'refused':
        return refused(decision.refusal);
      case 'unreachable':
        return unreachable();
      case 'overloaded':
        return overloaded();
      case 'granted': {
        const { stored, offline } = decision;
        const source = asking.upstream.source(stored.object.uri, asking.who.headers);
        const detail = offline ? 'offline' : undefined;
        return this.#cache.answerWith(request, { stored, source, detail });
      }
    }
  }
}
