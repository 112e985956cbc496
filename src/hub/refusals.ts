/**
 * Who was refused a whole repository, and when: what was stored for them before that does not count
 * any more, in any route. Shared by the whole mirror.
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

/**
 * Refusals remembered, and permissions in whose stead they would be; one more forgets the oldest.
 */
const MAX_REMEMBERED = 10_000;

/** A requester and a repository. */
export interface HubAccess {
  readonly upstream: Upstream;
  /** The one form of its name (hub/repository): who is refused one spelling is refused all. */
  readonly repository: string;
  readonly who: Who;
}

/** A request about a repository. */
interface Question {
  readonly upstream: Upstream;
  readonly route: { readonly repository: string };
  readonly who: Who;
}

/** The access that a question needs. */
export function accessTo({ upstream, route, who }: Question): HubAccess {
  return { upstream, repository: route.repository, who };
}

/** The requested repository, and the one that the last of `urls` names, if that is another. */
export function accessesTo(question: Question, urls: readonly string[]): readonly HubAccess[] {
  const own = accessTo(question);
  const repository = namedLast(question.upstream, urls)?.route.repository ?? own.repository;
  return repository === own.repository ? [own] : [own, { ...own, repository }];
}

export class Refusals {
  readonly #clock: CacheServices['clock'];
  readonly #permissions: Permissions;
  /** The place of the question (model/sequence) that was last answered so. */
  readonly #refusedAt = new LRUCache<string, number>({ max: MAX_REMEMBERED });
  /** An object that each requester had last: strangers, who lose nothing, leave nothing on disk. */
  readonly #granted = new LRUCache<string, ObjectIdentity>({ max: MAX_REMEMBERED });

  constructor({ clock, responses }: Pick<CacheServices, 'clock' | 'responses'>) {
    this.#clock = clock;
    this.#permissions = new Permissions(responses);
  }

  /** They have, or had, something of the repository to lose. */
  granted(access: HubAccess, object: ObjectIdentity): void {
    this.#granted.set(keyOf(access), object);
  }

  /**
   * Receives every refusal; those of a file or a revision say nothing about the repository. `order`
   * is the number of the request: a slow answer may be to an old one.
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

  /** The place of the last question that was answered so; `-Infinity`: none, as far as is known. */
  async lastAt(access: HubAccess): Promise<number> {
    const { upstream, who } = access;
    const kept = await this.#permissions.refusedAt(upstream.name, uriOf(access), who.key);
    return Math.max(this.#refusedAt.get(keyOf(access)) ?? -Infinity, kept ?? -Infinity);
  }
}

/** What a refusal is stored under; no file and no JSON has this URI. */
function uriOf({ upstream, repository }: HubAccess): string {
  return upstream.uriOf(`/${repository}`);
}

function keyOf({ upstream, repository, who }: HubAccess): string {
  return JSON.stringify([upstream.name, repository, who.key]);
}

/** True if the answer means that the repository is absent or may not be read. */
function isOfRepository({ status, headers }: Refusal): boolean {
  const code = headerValue(headers, 'x-error-code');
  if (code === 'EntryNotFound' || code === 'RevisionNotFound') return false;
  return status === 401 || status === 403 || code === 'RepoNotFound' || code === 'GatedRepo';
}
