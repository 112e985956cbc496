/**
 * Records which credential was refused a whole repository, and when. Answers stored for that
 * credential before the refusal are no longer used, on any route. Shared by the whole mirror.
 */
import { LRUCache } from 'lru-cache';
import type { CacheServices } from '../cache/api/services.js';
import { headerValue } from '../model/headers.js';
import type { ObjectIdentity } from '../model/manifest.js';
import type { Upstream } from '../origin/upstream.js';
import type { Refusal } from './answers.js';
import type { Who } from './credentials.js';
import { namedLast } from './file-names.js';
import { Permissions, refusalFor } from './permissions.js';

/** Refusals in memory, and likewise grants; one more evicts the least recently used. */
const MAX_REMEMBERED = 10_000;

/** A credential's access to a repository. */
export interface HubAccess {
  readonly upstream: Upstream;
  /** The canonical name (hub/repository): a refusal of one spelling applies to all. */
  readonly repository: string;
  readonly who: Who;
}

/** A request about a repository. */
interface Question {
  readonly upstream: Upstream;
  readonly route: { readonly repository: string };
  readonly who: Who;
}

/** Returns the access that a request needs. */
export function accessTo({ upstream, route, who }: Question): HubAccess {
  return { upstream, repository: route.repository, who };
}

/** Returns the access to the requested repository, and to another that the last of `urls` names. */
export function accessesTo(question: Question, urls: readonly string[]): readonly HubAccess[] {
  const own = accessTo(question);
  const repository = namedLast(question.upstream, urls)?.route.repository ?? own.repository;
  return repository === own.repository ? [own] : [own, { ...own, repository }];
}

export class Refusals {
  readonly #clock: CacheServices['clock'];
  readonly #permissions: Permissions;
  /** The order (model/sequence) of the last refused request of each access. */
  readonly #refusedAt = new LRUCache<string, number>({ max: MAX_REMEMBERED });
  /**
   * The object last granted to each access. Without one a refusal is not stored on disk, so that
   * strangers, who have nothing to lose, cannot fill it.
   */
  readonly #granted = new LRUCache<string, ObjectIdentity>({ max: MAX_REMEMBERED });

  constructor({ clock, responses }: Pick<CacheServices, 'clock' | 'responses'>) {
    this.#clock = clock;
    this.#permissions = new Permissions(responses);
  }

  /** Records that the access was granted an object of the repository. */
  granted(access: HubAccess, object: ObjectIdentity): void {
    this.#granted.set(keyOf(access), object);
  }

  /**
   * Records a refusal; ignores one of a file or a revision alone. `order` is that of the request,
   * because a slow answer may belong to an old request.
   */
  async refused(access: HubAccess, refusal: Refusal, order: number): Promise<void> {
    if (!isOfRepository(refusal)) return;
    const last = this.#refusedAt.get(keyOf(access)) ?? -Infinity;
    this.#refusedAt.set(keyOf(access), Math.max(last, order));
    const object = this.#granted.get(keyOf(access));
    if (object === undefined) return;
    const { upstream, who } = access;
    const nowMs = this.#clock.now();
    const marker = refusalFor(who.key, object, {
      requestTimeMs: nowMs,
      responseTimeMs: nowMs,
      order,
    });
    await this.#permissions.refuse(upstream.name, uriOf(access), marker);
  }

  /** Returns the order of the last refused request; `-Infinity` when none is known. */
  async lastAt(access: HubAccess): Promise<number> {
    const { upstream, who } = access;
    const kept = await this.#permissions.refusedAt(upstream.name, uriOf(access), who.key);
    return Math.max(this.#refusedAt.get(keyOf(access)) ?? -Infinity, kept ?? -Infinity);
  }
}

/** Returns the URI under which a refusal is stored; no file and no JSON has this URI. */
function uriOf({ upstream, repository }: HubAccess): string {
  return upstream.uriOf(`/${repository}`);
}

function keyOf({ upstream, repository, who }: HubAccess): string {
  return JSON.stringify([upstream.name, repository, who.key]);
}

/** True when the repository as a whole is forbidden or absent. */
function isOfRepository({ status, headers }: Refusal): boolean {
  const code = headerValue(headers, 'x-error-code');
  if (code === 'EntryNotFound' || code === 'RevisionNotFound') return false;
  return status === 401 || status === 403 || code === 'RepoNotFound' || code === 'GatedRepo';
}
