/**
 * The mirror's entrance for GET and HEAD. It handles requests to origins with the adapter
 * `huggingface` and passes others to the cache unchanged. Built by hub/mirror.
 */
import type {
  CacheAnswer,
  CacheFacade,
  CacheRequest,
  UnsafeRequest,
  UnsafeResponse,
} from '../cache/api/facade.js';
import { looped, viaNames } from '../origin/via.js';
import type { Cache, OriginSet } from '../cache/answer/cache.js';
import type { PassFacade } from '../cache/passthrough/pass.js';
import type { CacheServices } from '../cache/api/services.js';
import { answeringLoad, ownError } from './answers.js';
import { type HubApiDeps, HubApi } from './api.js';
import type { Credentials } from './credentials.js';
import { type FilesDeps, HubFiles } from './files.js';
import { gitRouteOf, notPushed } from './git.js';
import { type PassedQuestion, passedToHub } from './passed.js';
import { routeOf } from './route.js';
import { hubTarget } from './target.js';

export interface LookupDeps extends FilesDeps, HubApiDeps {
  readonly services: CacheServices;
  readonly cache: Cache;
  readonly passing: PassFacade;
  readonly upstreams: OriginSet;
  readonly credentials: Credentials;
  /** Names this process in Via. */
  readonly pseudonym: string;
  /** True for origins with this adapter. */
  readonly isHub: (origin: string) => boolean;
}

export class HubLookup implements CacheFacade {
  readonly #deps: LookupDeps;
  readonly #files: HubFiles;
  readonly #api: HubApi;

  constructor(deps: LookupDeps) {
    this.#deps = deps;
    this.#files = new HubFiles(deps);
    this.#api = new HubApi(deps);
  }

  lookup(request: CacheRequest): Promise<CacheAnswer> {
    if (!this.#deps.isHub(request.origin)) return this.#deps.cache.lookup(request);
    // Clients of a hub retry a 429, and give up at a 503.
    return answeringLoad(this.#ofHub({ ...request, target: hubTarget(request.target) }));
  }

  invalidate(request: UnsafeRequest, response: UnsafeResponse): Promise<void> {
    return this.#deps.cache.invalidate(request, response);
  }

  async #ofHub(request: CacheRequest): Promise<CacheAnswer> {
    const upstream = this.#deps.upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    if (viaNames(request.headers, this.#deps.pseudonym)) throw looped();
    const route = routeOf(request.target);
    const { serverToken } = this.#deps.policy();
    const git = route.kind === 'other' ? gitRouteOf(request.method, request.target) : undefined;
    const repository = 'repository' in route ? route.repository : (git?.repository ?? null);
    const who = this.#deps.credentials.who(request.headers, repository, serverToken);
    switch (route.kind) {
      case 'resolve':
        return this.#files.lookup(request, { upstream, route, who, client: request.client ?? '' });
      case 'info':
      case 'tree':
      case 'refs':
        this.#deps.holds.askedAbout(route.repository, { ...request, client: request.client, who });
        return this.#api.lookup(request, { upstream, route, who });
      case 'paths-info':
        return notServed();
      case 'xet-token':
        if (!route.isRead || !this.#deps.xet.has(upstream.name, route.repository))
          return notServed();
        return this.#passedOn(request, { upstream, who, kind: 'xet-token' });
      case 'other':
        if (git?.isRead === false) return notPushed();
        return this.#passedOn(request, {
          upstream,
          who,
          kind: git === undefined ? 'other' : 'git',
        });
    }
  }

  #passedOn(request: CacheRequest, question: Omit<PassedQuestion, 'nowMs'>): Promise<CacheAnswer> {
    const nowMs = this.#deps.services.clock.now();
    return passedToHub(this.#deps.passing, request, { ...question, nowMs });
  }
}

function notServed(): CacheAnswer {
  return ownError(404, null, 'Not served by this mirror');
}
