/**
 * Requests a file's heads from the hub: a HEAD that follows redirects until the hub has described
 * the file, and stops at the first one that leads to its bytes. Runs on the main thread, as heads
 * are few beside bytes. Used by hub/decisions.
 */
import { NEVER } from '../model/deferred.js';
import { LRUCache } from 'lru-cache';
import { originBusy } from '../origin/breaker.js';
import type { CacheServices } from '../cache/api/services.js';
import { verdictOfError, verdictOfHead } from '../origin/verdict.js';
import { ForebayError } from '../model/errors.js';
import { codingOf, isDecodable } from '../model/content-coding.js';
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import { trimOws } from '../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import { requestTargetOf } from '../model/uri.js';
import type { BreakerVerdict } from '../origin/breaker.js';
import { parseContentRange } from '../origin/content-range.js';
import { PassClient, type PassedResponse } from '../origin/pass-client.js';
import { isRedirect, MAX_REDIRECT_HOPS } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { QuestionLimit } from './question-limit.js';
import { countContent } from './count-content.js';
import { believedLength } from './metadata.js';
import { targetAtHub } from './names.js';

/** Bytes of an unneeded body that are read to keep its connection: one byte was requested. */
const MAX_DRAINED_BYTES = 1024;

/** Concurrent requests for heads at one hub, waiting ones included. */
export const MAX_ASKED = 512;

/**
 * Hosts of one hub that connections are kept to: its own, and those that it is known by elsewhere.
 */
const MAX_HOSTS = 8;

/** The requester, and where to ask. */
export interface HeadQuestion {
  readonly upstream: Upstream;
  readonly who: { readonly headers: HeaderMap };
  readonly client: string;
}

/** The hub's word on a file, head by head. */
export interface Heads {
  /** First to last; the last is none that leads on to another. */
  readonly heads: readonly [OriginHead, ...OriginHead[]];
  /** The URL that answered with each. */
  readonly urls: readonly string[];
  /** The length from a GET of one byte, if the heads had none. */
  readonly probedLength: number | null;
  /** The last is of another host than the hub's. */
  readonly isElsewhere: boolean;
}

export class HeadClient {
  readonly #services: Pick<CacheServices, 'limits' | 'events'>;
  /** A reload may replace an origin by another of its name. */
  readonly #clients = new WeakMap<Upstream, LRUCache<string, PassClient>>();
  readonly #limit = new WeakMap<Upstream, QuestionLimit>();

  constructor(services: Pick<CacheServices, 'limits' | 'events'>) {
    this.#services = services;
  }

  /**
   * The heads of `target` for a requester. Rejects with a `ForebayError` if the hub does not
   * answer, or with `overload` if too many requests wait; any status of the hub is an answer.
   */
  async heads({ upstream, who, client }: HeadQuestion, target: string): Promise<Heads> {
    const leave = this.#enter(upstream, client);
    try {
      return await this.#judged(upstream, () => this.#follow(upstream, target, who.headers));
    } finally {
      leave();
    }
  }

  #enter(upstream: Upstream, client: string): () => void {
    const asked = this.#limit.get(upstream) ?? new QuestionLimit(MAX_ASKED);
    this.#limit.set(upstream, asked);
    return asked.enter(client);
  }

  /** Asks if the breaker permits it, and reports the outcome to the breaker. */
  async #judged(upstream: Upstream, ask: () => Promise<Heads>): Promise<Heads> {
    const permit = upstream.breaker.ask();
    if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
    let verdict: BreakerVerdict = 'abandoned';
    try {
      const found = await ask();
      verdict = verdictOfHead(found.heads.at(-1) ?? found.heads[0], 'success');
      return found;
    } catch (error) {
      if (error instanceof ForebayError) verdict = verdictOfError(error);
      throw error;
    } finally {
      permit.settle(verdict);
    }
  }

  async #follow(upstream: Upstream, target: string, request: HeaderMap): Promise<Heads> {
    const { url, headers } = upstream.passTarget(target, 'HEAD', request);
    let at: FetchUrl = { url, headers, addresses: 'any', expiresAtMs: null };
    let head = await this.#send(upstream, 'HEAD', at);
    const heads: [OriginHead, ...OriginHead[]] = [head];
    const urls = [url];
    for (;;) {
      const renamed = renamedAtHub(head, at, upstream);
      if (renamed !== undefined && heads.length <= MAX_REDIRECT_HOPS) {
        const asked = upstream.passTarget(renamed, 'HEAD', request);
        at = { ...at, url: asked.url, headers: asked.headers };
      } else if (leadsOn(head, at, upstream)) {
        const decision = upstream.follow(at, head, MAX_REDIRECT_HOPS + 1 - heads.length);
        if (decision.kind === 'refuse') throw decision.error;
        at = decision.target;
      } else break;
      head = await this.#send(upstream, 'HEAD', at);
      heads.push(head);
      urls.push(at.url);
    }
    const lacksLength = head.status === 200 && believedLength(head) === null;
    const probedLength = lacksLength ? await this.#probe(upstream, at) : null;
    const isElsewhere = new URL(at.url).origin !== new URL(url).origin;
    return { heads, urls, probedLength, isElsewhere };
  }

  /**
   * The length from a GET of the first byte. If that has no credible one (coded, chunked), the file
   * is read and counted, as it is small or its length cannot be known. `null`: unknown.
   */
  async #probe(upstream: Upstream, at: FetchUrl): Promise<number | null> {
    const first = { ...at, headers: { ...at.headers, range: 'bytes=0-0' } };
    const head = await this.#send(upstream, 'GET', first);
    if (head.status === 200) return head.contentBytes;
    const contentRange = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
    // An empty file has no first byte.
    const hasLength = head.status === 206 || head.status === 416;
    if (hasLength && codingOf(head.headers) === '') return contentRange?.completeLength ?? null;
    if (head.status !== 206) return null;
    const whole = await this.#send(upstream, 'GET', at);
    return whole.status === 200 ? whole.contentBytes : null;
  }

  async #send(
    upstream: Upstream,
    method: string,
    at: FetchUrl,
  ): Promise<OriginHead & { readonly contentBytes: number | null }> {
    const { headers, addresses } = at;
    const target = {
      method,
      path: requestTargetOf(at.url),
      headers: { ...headers, accept: '*/*', 'accept-encoding': 'identity' },
      content: null,
      // Simultaneous requests share it: no single client's leaving ends it.
      signal: NEVER,
    };
    const client = this.#client(upstream, new URL(at.url).origin, addresses);
    const response = await client.send(target).catch((error: unknown) => {
      // The hub may have closed the connection that was kept: a safe request is sent again, once.
      if (!(error instanceof ForebayError) || error.code !== 'origin-reset') throw error;
      return client.send(target);
    });
    const contentBytes = await readLength(response, method);
    const { status } = response;
    const stats = { originBytes: 0, statuses: [status], retries: [], stalls: 0 };
    this.#services.events.fetchFinished(upstream.name, stats);
    const { headers: fields, lengthBytes } = response;
    return { status, headers: fields, contentLength: lengthBytes, contentBytes };
  }

  #client(upstream: Upstream, origin: string, addresses: FetchUrl['addresses']): PassClient {
    const clients = this.#clients.get(upstream) ?? noClients();
    this.#clients.set(upstream, clients);
    const key = `${addresses} ${origin}`;
    const known = clients.get(key);
    if (known !== undefined) return known;
    const { requestTimeoutMs, fetch } = this.#services.limits;
    const client = new PassClient({
      origin,
      reach: upstream.wayTo(origin),
      addresses,
      maxConnections: upstream.maxConnections,
      connectTimeoutMs: fetch.connectTimeoutMs,
      // A hub that fetches the file itself first is silent until it has it.
      responseTimeoutMs: Math.max(fetch.firstByteTimeoutMs, requestTimeoutMs),
      keepsConnections: true,
    });
    clients.set(key, client);
    return client;
  }
}

function noClients(): LRUCache<string, PassClient> {
  return new LRUCache({
    max: MAX_HOSTS,
    dispose: (client) => {
      void client.close();
    },
  });
}

/**
 * The length of a 200's content; `null` if it has none and cannot be counted. Ends the response,
 * and keeps its connection if that is cheap.
 */
async function readLength(response: PassedResponse, method: string): Promise<number | null> {
  const { status, headers, lengthBytes } = response;
  const coding = codingOf(headers);
  try {
    if (method === 'HEAD' || status === 206) await drain(response);
    else if (status === 200 && coding === '' && lengthBytes !== null) return lengthBytes;
    else if (status === 200 && (coding === '' || isDecodable(coding)))
      return await countContent(response.bytes, coding);
  } catch {
    // The head is what is needed.
  } finally {
    response.close();
  }
  return null;
}

async function drain({ bytes }: PassedResponse): Promise<void> {
  let drained = 0;
  for await (const piece of bytes) {
    drained += piece.length;
    if (drained > MAX_DRAINED_BYTES) return;
  }
}

/**
 * The target of a redirect to the hub under another of its names (hub/names), which a mirror sends
 * for a renamed repository. `undefined` if it leads elsewhere, to the same target, or if the hub
 * has described the file already.
 */
function renamedAtHub(
  { status, headers }: OriginHead,
  at: FetchUrl,
  upstream: Upstream,
): string | undefined {
  const location = headerValue(headers, 'location');
  if (!isRedirect(status) || location === undefined) return undefined;
  if ('x-linked-etag' in headers || 'x-repo-commit' in headers) return undefined;
  if (!URL.canParse(location, at.url) || upstream.leadsTo(new URL(location, at.url)) === 'own') {
    return undefined;
  }
  const target = targetAtHub(location, at.url, upstream, 'own');
  return target === undefined || upstream.uriOf(target) === at.url ? undefined : target;
}

/**
 * Whether the walk follows a redirect. A relative Location is the hub's own. An absolute one leads
 * to storage once the hub has described the file; before, it leads to the hub or the repository
 * under another name.
 */
function leadsOn({ status, headers }: OriginHead, at: FetchUrl, upstream: Upstream): boolean {
  const location = headerValue(headers, 'location');
  if (!isRedirect(status) || location === undefined) return false;
  if (!/^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(trimOws(location))) return true;
  const isTold = headerValue(headers, 'x-linked-etag') !== undefined;
  if (isTold || !URL.canParse(location, at.url)) return false;
  const lead = upstream.leadsTo(new URL(location, at.url));
  if (lead === 'own') return true;
  return lead === 'allowed' && headerValue(headers, 'x-repo-commit') === undefined;
}
