/**
 * The front of the mirror of a hub of models: stands before the cache and answers for origins with the
 * adapter `huggingface`; requests for others go through it as they are. Built by assemble.
 */
import type {
  CacheAnswer,
  CacheFacade,
  CacheRequest,
  UnsafeRequest,
  UnsafeResponse,
} from '../cache/answer.js';
import type { Cache, OriginSet } from '../cache/lookup.js';
import type { PassFacade } from '../cache/pass.js';
import type { CacheServices } from '../cache/services.js';
import { ForebayError } from '../model/errors.js';
import { ownError, overloaded } from './answers.js';
import { HubApi } from './api.js';
import type { Credentials } from './credentials.js';
import { HubFiles } from './files.js';
import { passedOn } from './passed.js';
import type { HubPolicy } from './policy.js';
import { routeOf } from './route.js';

export interface HubRooms {
  readonly services: CacheServices;
  readonly cache: Cache;
  readonly passing: PassFacade;
  readonly upstreams: OriginSet;
  readonly credentials: Credentials;
  readonly policy: () => HubPolicy;
  /** True for origins with this adapter. */
  readonly isHub: (origin: string) => boolean;
}

export class HubLookup implements CacheFacade {
  readonly #rooms: HubRooms;
  readonly #files: HubFiles;
  readonly #api: HubApi;

  constructor(rooms: HubRooms) {
    this.#rooms = rooms;
    this.#files = new HubFiles(rooms.services, rooms.cache, rooms.policy);
    this.#api = new HubApi(rooms.services, rooms.cache, rooms.policy);
  }

  lookup(request: CacheRequest): Promise<CacheAnswer> {
    if (!this.#rooms.isHub(request.origin)) return this.#rooms.cache.lookup(request);
    return this.#ofHub(request).catch((error: unknown) => {
      // Clients of a hub try a 429 again, and give up at a 503.
      if (error instanceof ForebayError && isLoad(error)) return overloaded();
      throw error;
    });
  }

  invalidate(request: UnsafeRequest, response: UnsafeResponse): Promise<void> {
    return this.#rooms.cache.invalidate(request, response);
  }

  async #ofHub(request: CacheRequest): Promise<CacheAnswer> {
    const upstream = this.#rooms.upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    const route = routeOf(request.target);
    const { serverToken } = this.#rooms.policy();
    const repository = 'repository' in route ? route.repository : null;
    const who = this.#rooms.credentials.who(request.headers, repository, serverToken);
    switch (route.kind) {
      case 'resolve':
        return this.#files.lookup(request, { upstream, route, who });
      case 'info':
      case 'tree':
      case 'refs':
        return this.#api.lookup(request, { upstream, route, who });
      case 'paths-info':
      case 'xet-token':
        return ownError(404, null, 'Not served by this mirror');
      case 'other':
        return passedOn(this.#rooms.passing, request, who);
    }
  }
}

/** Load, here or at the hub. */
function isLoad({ code, originStatus }: ForebayError): boolean {
  if (code === 'origin-busy' || code === 'overload' || code === 'no-space') return true;
  return code === 'origin-status' && originStatus !== undefined && originStatus >= 429;
}
