/**
 * Answers requests for a hub's JSON about repositories. The cache stores the hub's response
 * unchanged, separately for each credential; the client gets it without the members that would make
 * it download by Xet instead of plain HTTP. Used by hub/lookup.
 */
import type { CacheAnswer, CacheFacade, CacheRequest } from '../cache/api/facade.js';
import { looped } from '../origin/via.js';
import type { CacheServices } from '../cache/api/services.js';
import { isDisconnected } from '../origin/verdict.js';
import { ForebayError } from '../model/errors.js';
import type { FetchLimits, OriginHead } from '../model/fetch.js';
import { emptyHeaders } from '../model/headers.js';
import { CREDENTIAL_FIELD } from '../model/response.js';
import { isRedirect } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { isOverload, loadAnswer, notAsked, refusalOf, refused } from './answers.js';
import type { Who } from './credentials.js';
import type { JsonAnswers } from './json-answers.js';
import { Permissions } from './permissions.js';
import { type HubPolicy, saidLifetimeMs, YEAR_MS } from './policy.js';
import { wordsOf } from './read-body.js';
import { accessTo, type Refusals } from './refusals.js';
import type { HubRoute } from './route.js';
import type { XetRepositories } from './xet.js';

export type ApiRoute = Extract<
  HubRoute,
  { revision: string | null; kind: 'info' | 'tree' | 'refs' | 'paths-info' }
>;

export interface ApiQuestion {
  readonly upstream: Upstream;
  readonly route: ApiRoute;
  readonly who: Who;
}

export interface HubApiDeps {
  readonly services: Pick<CacheServices, 'clock' | 'limits' | 'responses' | 'tag'>;
  readonly cache: Pick<CacheFacade, 'lookup'>;
  readonly policy: () => HubPolicy;
  readonly refusals: Refusals;
  readonly xet: XetRepositories;
  readonly json: JsonAnswers;
}

export class HubApi {
  readonly #deps: HubApiDeps;
  readonly #permissions: Permissions;

  constructor(deps: HubApiDeps) {
    this.#deps = deps;
    this.#permissions = new Permissions(deps.services.responses);
  }

  /** Rejects with a `ForebayError`. */
  async lookup(request: CacheRequest, question: ApiQuestion): Promise<CacheAnswer> {
    const { upstream, who } = question;
    const forget = (): Promise<void> =>
      this.#permissions.revoke(upstream.name, upstream.uriOf(request.target), this.#holderOf(who));
    const toClient = (answer: CacheAnswer): Promise<CacheAnswer> =>
      this.#forClients(answer, question, {
        forget,
        target: request.target,
        own: request.own ?? '',
      });
    try {
      const answer = await this.#fetch(request, question);
      if (!(await this.#isOutdated(answer, question))) return await toClient(answer);
      answer.body.close();
      await forget();
      return await toClient(await this.#fetch(request, question));
    } catch (error) {
      // A hub whose answer is malformed was reached.
      const isReached = error instanceof ForebayError && error.code === 'origin-protocol';
      if (isReached || !(error instanceof ForebayError) || !isDisconnected(error)) throw error;
      return notAsked(error);
    }
  }

  /**
   * Returns the holder under which the cache stores the answer: the credential is a Vary field, and
   * the cache replaces its value by a tag, as it does for every Vary field.
   */
  #holderOf({ key }: Who): string {
    return key === '' ? '' : this.#deps.services.tag(CREDENTIAL_FIELD, key);
  }

  #fetch(request: CacheRequest, { route, who }: ApiQuestion): Promise<CacheAnswer> {
    const headers = emptyHeaders();
    if (who.key !== '') headers[CREDENTIAL_FIELD] = who.key;
    const control = this.#cacheControl(route, who);
    const question = {
      // The hub may be slow to reject a credential that is no longer valid.
      isPatient: who.key !== '',
      headers: Object.assign(emptyHeaders(), who.headers, { accept: '*/*' }),
      readHead: (head: OriginHead) => asKept(head, control),
      limits: this.#limits(),
    };
    const hint = { kind: 'whole' } as const;
    return this.#deps.cache.lookup({ ...request, method: 'GET', headers, adapter: question, hint });
  }

  /** True when the answer was requested before the hub refused its client the repository. */
  async #isOutdated({ order, status }: CacheAnswer, question: ApiQuestion): Promise<boolean> {
    if (order === undefined || status !== 200) return false;
    return order <= (await this.#deps.refusals.lastAt(accessTo(question)));
  }

  #limits(): Partial<FetchLimits> {
    const { fetch, requestTimeoutMs } = this.#deps.services.limits;
    // Leaves time for one retry within the client's request, yet waits for a slow hub.
    const firstByteTimeoutMs = Math.max(fetch.firstByteTimeoutMs, requestTimeoutMs / 2);
    return { firstByteTimeoutMs, isRateFinal: true };
  }

  /** Returns the answer for the client. Closes the hub's body unless that answer reads from it. */
  async #forClients(
    { status, headers, body, outcome, ageSeconds, order = 0 }: CacheAnswer,
    question: ApiQuestion,
    page: { readonly forget: () => Promise<void>; readonly target: string; readonly own: string },
  ): Promise<CacheAnswer> {
    const { forget, target, own } = page;
    const { services, refusals, xet, json } = this.#deps;
    const { clock, limits } = services;
    const bounds = { clock, sourceIdleTimeoutMs: limits.requestTimeoutMs };
    let isHeld = false;
    try {
      if (status === 508) throw looped();
      if (isOverload(status)) {
        const words = status === 429 ? await wordsOf(body, headers, bounds) : undefined;
        return loadAnswer({ status, headers }, clock.now(), words);
      }
      if (status !== 200) {
        const refusal = refusalOf(status, headers);
        if (status === 401 || status === 403) await forget();
        await refusals.refused(accessTo(question), refusal, order);
        return refused(refusal);
      }
      const { upstream, route } = question;
      const clientAnswer = await json.answer(
        { headers, body, outcome },
        { upstream, target, own, bounds },
      );
      isHeld = clientAnswer.holdsBody;
      if (clientAnswer.isXetKept) xet.add(upstream.name, route.repository);
      return { ...clientAnswer, ageSeconds };
    } catch (error) {
      // A malformed answer cannot be sent to clients, so it must not stay stored.
      if (error instanceof ForebayError && error.code === 'origin-protocol') await forget();
      throw error;
    } finally {
      if (!isHeld) body.close();
    }
  }

  /** Returns the Cache-Control value that sets how long the answer may be stored. */
  #cacheControl({ revision }: ApiRoute, who: Who): string {
    const policy = this.#deps.policy();
    const lifetime = Math.floor(saidLifetimeMs(revision, who, policy) / 1000);
    const stale = policy.offline ? `stale-if-error=${String(YEAR_MS / 1000)}` : 'must-revalidate';
    return `public, max-age=${String(lifetime)}, ${stale}`;
  }
}

/**
 * Returns the head for the cache to store: with the mirror's own freshness, and without cookies and
 * the fields of Xet.
 */
function asKept(head: OriginHead, cacheControl: string): OriginHead {
  const headers = emptyHeaders();
  for (const [name, value] of Object.entries(head.headers)) {
    if (name === 'set-cookie' || name.startsWith('x-xet-')) continue;
    headers[name] = value;
  }
  for (const name of ['expires', 'pragma', 'cdn-cache-control', 'age']) {
    Reflect.deleteProperty(headers, name);
  }
  // The cache applies a redirect's Cache-Control to the redirect's target too, so that a redirect
  // gets the same value as a 200.
  const isKept = isRedirect(head.status) || [200, 206, 304].includes(head.status);
  headers['cache-control'] = isKept ? cacheControl : 'no-store';
  headers['vary'] = CREDENTIAL_FIELD;
  return { ...head, headers };
}
