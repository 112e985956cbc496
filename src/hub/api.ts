/**
 * What a hub says of its repositories, in JSON: kept by the cache as it came, for each credential apart,
 * and given to clients without what leads them away from plain HTTP.
 */
import { createHash } from 'node:crypto';
import type { CacheAnswer, CacheFacade, CacheRequest } from '../cache/answer.js';
import type { CacheServices } from '../cache/services.js';
import { isDisconnected } from '../cache/verdict.js';
import { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { isRedirect } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { bytesAnswer, notAsked, overloaded, refusalOf, refused } from './answers.js';
import type { Who } from './credentials.js';
import { NAME_LIFETIME_MS } from './decisions.js';
import { linkForClients, ownUrl } from './link.js';
import { CREDENTIAL_FIELD, Permissions } from './permissions.js';
import type { HubPolicy } from './policy.js';
import { readBody } from './read-body.js';
import { type HubRoute, isCommit } from './route.js';
import { stripXet } from './strip-xet.js';

/** How long what is said of a commit is kept, and how long a name's stands in for a hub that is down. */
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** Fields of the hub's answer that clients read, beside Link. */
const TOLD_FIELDS = ['content-type', 'date', 'x-repo-commit', 'x-total-count'];

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

  constructor(
    services: Pick<CacheServices, 'clock' | 'limits' | 'responses'>,
    cache: Pick<CacheFacade, 'lookup'>,
    policy: () => HubPolicy,
  ) {
    this.#services = services;
    this.#cache = cache;
    this.#policy = policy;
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
      return await this.#forClients(answer, upstream, ownUrl(request.headers));
    } finally {
      answer.body.close();
    }
  }

  async #forClients(answer: CacheAnswer, upstream: Upstream, own: string): Promise<CacheAnswer> {
    const { status, headers, body, outcome } = answer;
    if (status === 429 || status >= 500) return overloaded();
    if (status !== 200) return refused(refusalOf(status, headers));
    const sourceIdleTimeoutMs = this.#services.limits.requestTimeoutMs;
    const raw = await readBody(body, { clock: this.#services.clock, sourceIdleTimeoutMs });
    return {
      ...jsonAnswer({ headers, raw, outcome }, upstream, own),
      ageSeconds: answer.ageSeconds,
    };
  }

  /** How long it may be kept, in the words of a cache. */
  #cacheControl({ revision }: ApiRoute, { key }: Who): string {
    const { offline, authorizationTtlMs } = this.#policy();
    const nameSeconds = NAME_LIFETIME_MS / 1000;
    const ttlSeconds = Math.floor(authorizationTtlMs / 1000);
    const open = isCommit(revision) ? YEAR_SECONDS : nameSeconds;
    // What somebody may see with a credential is theirs as long as the decision about it.
    const lifetime = key === '' ? open : Math.min(open, ttlSeconds);
    const stale = offline ? `stale-if-error=${String(YEAR_SECONDS)}` : 'must-revalidate';
    return `public, max-age=${String(lifetime)}, ${stale}`;
  }
}

/** A JSON answer of the hub, as it came. */
export interface HubJson {
  readonly headers: HeaderMap;
  readonly raw: Buffer;
  readonly outcome: CacheAnswer['outcome'];
}

/** JSON of the hub for clients, who call us `own`. */
export function jsonAnswer(
  { headers, raw, outcome }: HubJson,
  upstream: Upstream,
  own: string,
): CacheAnswer {
  const told = emptyHeaders();
  for (const name of TOLD_FIELDS) {
    const value = headerValue(headers, name);
    if (value !== undefined) told[name] = value;
  }
  const link = linkForClients(headerValue(headers, 'link'), upstream.uriOf(''), own);
  if (link !== undefined) told['link'] = link;
  const bytes = Buffer.from(stripped(raw));
  told['etag'] = `"${createHash('sha256').update(bytes).digest('hex')}"`;
  return bytesAnswer(200, told, bytes, outcome);
}

function stripped(raw: Buffer): string {
  try {
    return stripXet(raw.toString('utf8'));
  } catch (error) {
    throw new ForebayError('origin-protocol', 'the hub sent what is no JSON', {
      source: 'origin',
      retryable: true,
      cause: error,
    });
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
