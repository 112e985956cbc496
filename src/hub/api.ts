/**
 * What a hub says of its repositories, in JSON: kept by the cache as it came, for each credential apart,
 * and given to clients without what leads them away from plain HTTP.
 */
import type { CacheAnswer, CacheFacade, CacheRequest } from '../cache/answer.js';
import type { CacheServices } from '../cache/services.js';
import { isDisconnected } from '../cache/verdict.js';
import { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { emptyHeaders } from '../model/headers.js';
import { isRedirect } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { notAsked, overloaded, refusalOf, refused } from './answers.js';
import type { Who } from './credentials.js';
import { JsonAnswers } from './json-answers.js';
import { ownUrl } from './link.js';
import { CREDENTIAL_FIELD, Permissions } from './permissions.js';
import { type HubPolicy, saidLifetimeMs, YEAR_MS } from './policy.js';
import { readBody } from './read-body.js';
import type { HubRoute } from './route.js';
import type { XetRepositories } from './xet.js';

export type ApiRoute = Extract<
  HubRoute,
  { revision: string | null; kind: 'info' | 'tree' | 'refs' | 'paths-info' }
>;

export interface ApiAsking {
  readonly upstream: Upstream;
  readonly route: ApiRoute;
  readonly who: Who;
}

export class HubApi {
  readonly #services: Pick<CacheServices, 'clock' | 'limits'>;
  readonly #cache: Pick<CacheFacade, 'lookup'>;
  readonly #policy: () => HubPolicy;
  readonly #permissions: Permissions;
  readonly #xet: XetRepositories;
  readonly #answers = new JsonAnswers();

  constructor(
    services: Pick<CacheServices, 'clock' | 'limits' | 'responses'>,
    cache: Pick<CacheFacade, 'lookup'>,
    policy: () => HubPolicy,
    xet: XetRepositories,
  ) {
    this.#services = services;
    this.#cache = cache;
    this.#policy = policy;
    this.#xet = xet;
    this.#permissions = new Permissions(services.responses);
  }

  /** Rejects with a `ForebayError`. */
  async lookup(request: CacheRequest, { upstream, route, who }: ApiAsking): Promise<CacheAnswer> {
    const headers = emptyHeaders();
    if (who.key !== '') headers[CREDENTIAL_FIELD] = who.key;
    const control = this.#cacheControl(route, who);
    const asking = {
      // The hub may be slow to say that a credential is none any more.
      isPatient: who.key !== '',
      headers: Object.assign(emptyHeaders(), who.headers, { accept: '*/*' }),
      told: (head: OriginHead) => tell(head, control),
    };
    let answer: CacheAnswer;
    try {
      const hint = { kind: 'whole' } as const;
      answer = await this.#cache.lookup({ ...request, method: 'GET', headers, asking, hint });
    } catch (error) {
      if (error instanceof ForebayError && isDisconnected(error)) return notAsked(error);
      throw error;
    }
    try {
      const { status } = answer;
      if (status === 401 || status === 403) {
        await this.#permissions.revoke(upstream.name, upstream.uriOf(request.target), who.key);
      }
      return await this.#forClients(answer, { upstream, route }, ownUrl(request.headers));
    } finally {
      answer.body.close();
    }
  }

  async #forClients(
    answer: CacheAnswer,
    { upstream, route }: Pick<ApiAsking, 'upstream' | 'route'>,
    own: string,
  ): Promise<CacheAnswer> {
    const { status, headers, body, outcome } = answer;
    if (status === 429 || status >= 500) return overloaded();
    if (status !== 200) return refused(refusalOf(status, headers));
    const sourceIdleTimeoutMs = this.#services.limits.requestTimeoutMs;
    const raw = await readBody(body, { clock: this.#services.clock, sourceIdleTimeoutMs });
    const told = this.#answers.answer({ headers, raw, outcome }, upstream, own);
    if (told.isXetKept) this.#xet.add(upstream.name, route.repository);
    return { ...told, ageSeconds: answer.ageSeconds };
  }

  /** How long it may be kept, in the words of a cache. */
  #cacheControl({ revision }: ApiRoute, who: Who): string {
    const policy = this.#policy();
    const lifetime = Math.floor(saidLifetimeMs(revision, who, policy) / 1000);
    const stale = policy.offline ? `stale-if-error=${String(YEAR_MS / 1000)}` : 'must-revalidate';
    return `public, max-age=${String(lifetime)}, ${stale}`;
  }
}

/** The head as the cache is to read it. What is kept says nothing of Xet and names no client. */
function tell(head: OriginHead, cacheControl: string): OriginHead {
  const headers = emptyHeaders();
  for (const [name, value] of Object.entries(head.headers)) {
    if (name === 'set-cookie' || name.startsWith('x-xet-')) continue;
    headers[name] = value;
  }
  for (const name of ['expires', 'pragma', 'cdn-cache-control', 'age']) {
    Reflect.deleteProperty(headers, name);
  }
  if (isRedirect(head.status)) {
    // What a redirect says of storing counts for what it leads to, which says it itself.
    Reflect.deleteProperty(headers, 'cache-control');
    return { ...head, headers };
  }
  const isKept = head.status === 200 || head.status === 304 || head.status === 206;
  headers['cache-control'] = isKept ? cacheControl : 'no-store';
  headers['vary'] = CREDENTIAL_FIELD;
  return { ...head, headers };
}
