/**
 * Sends HEAD for a file and follows redirects until a response of the hub describes the file; it
 * does not follow the redirect to the storage that holds the bytes. Runs on the main thread,
 * because heads are few beside bytes. Used by hub/decisions.
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

/**
 * How much of an unused body is read so that its connection can be reused; one byte is expected.
 */
const MAX_DRAINED_BYTES = 1024;

/** Concurrent questions to one hub, including those that wait for a connection. */
export const MAX_ASKED = 512;

/** Hosts of one hub to which connections are kept: its endpoint, and hosts it redirects to. */
const MAX_HOSTS = 8;

/** The hub, the credential's fields, and the client for the limit of concurrent questions. */
export interface HeadQuestion {
  readonly upstream: Upstream;
  readonly who: { readonly headers: HeaderMap };
  readonly client: string;
}

/** The heads of one HEAD request and its redirects. */
export interface Heads {
  /** In order; the last is not a redirect, or one that was not followed. */
  readonly heads: readonly [OriginHead, ...OriginHead[]];
  /** The URL that answered with each. */
  readonly urls: readonly string[];
  /** The length that a GET found because the last head carries none; `null`: not found. */
  readonly probedLength: number | null;
  /** True when the last head came from another host than the hub's endpoint. */
  readonly isElsewhere: boolean;
}

export class HeadClient {
  readonly #services: Pick<CacheServices, 'limits' | 'events'>;
  /** By upstream object, because a reload may replace an origin by another of the same name. */
  readonly #clients = new WeakMap<Upstream, LRUCache<string, PassClient>>();
  readonly #limit = new WeakMap<Upstream, QuestionLimit>();

  constructor(services: Pick<CacheServices, 'limits' | 'events'>) {
    this.#services = services;
  }

  /**
   * Fetches the heads of `target` with the credential in `who`. Resolves with any status that the
   * hub sends. Rejects with a `ForebayError` when the hub does not answer, and with `overload`
   * beyond `MAX_ASKED` questions.
   */
  async heads({ upstream, who, client }: HeadQuestion, target: string): Promise<Heads> {
    const leave = this.#enter(upstream, client);
    try {
      return await this.#withBreaker(upstream, () => this.#follow(upstream, target, who.headers));
    } finally {
      leave();
    }
  }

  #enter(upstream: Upstream, client: string): () => void {
    const limit = this.#limit.get(upstream) ?? new QuestionLimit(MAX_ASKED);
    this.#limit.set(upstream, limit);
    return limit.enter(client);
  }

  /** Calls `fetch` if the breaker permits it, and reports the result to the breaker. */
  async #withBreaker(upstream: Upstream, fetch: () => Promise<Heads>): Promise<Heads> {
    const permit = upstream.breaker.ask();
    if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
    let verdict: BreakerVerdict = 'abandoned';
    try {
      const found = await fetch();
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
        const next = upstream.passTarget(renamed, 'HEAD', request);
        at = { ...at, url: next.url, headers: next.headers };
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
   * Finds the file's length in bytes by a GET of its first byte. When the response is coded or has
   * no length, reads the file and counts its bytes up to `MAX_COUNTED_BYTES`. Returns `null` when
   * the length stays unknown.
   */
  async #probe(upstream: Upstream, at: FetchUrl): Promise<number | null> {
    const first = { ...at, headers: { ...at.headers, range: 'bytes=0-0' } };
    const head = await this.#send(upstream, 'GET', first);
    if (head.status === 200) return head.contentBytes;
    const contentRange = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
    // An empty file has no first byte, hence 416.
    const hasRange = head.status === 206 || head.status === 416;
    if (hasRange && codingOf(head.headers) === '') return contentRange?.completeLength ?? null;
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
      // Concurrent clients share the request, so that one client's disconnect must not abort it.
      signal: NEVER,
    };
    const client = this.#client(upstream, new URL(at.url).origin, addresses);
    const response = await client.send(target).catch((error: unknown) => {
      // The hub may have closed the kept connection. A safe request is retried once.
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
      // A hub that first fetches the file from its own upstream answers only after that.
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
 * Returns the length of the content of a GET's 200, decoded; `null` when it is unknown and cannot
 * be counted. Closes the response, after reading a short remainder so that the connection is
 * reusable.
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
    // The head has arrived; the length is optional.
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
 * Returns the target of a redirect to the hub under another of its names (hub/names): a mirror of a
 * hub sends such a redirect for a renamed repository. Returns `undefined` when it leads elsewhere
 * or back to the same URL, or when the head already describes the file.
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
 * True when a redirect must be followed for more facts about the file. A relative Location stays at
 * the hub. An absolute one leads to storage if the head describes the file; otherwise it leads to
 * the hub, or the repository, under another name.
 */
function leadsOn({ status, headers }: OriginHead, at: FetchUrl, upstream: Upstream): boolean {
  const location = headerValue(headers, 'location');
  if (!isRedirect(status) || location === undefined) return false;
  if (!/^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(trimOws(location))) return true;
  const isDescribed = headerValue(headers, 'x-linked-etag') !== undefined;
  if (isDescribed || !URL.canParse(location, at.url)) return false;
  const lead = upstream.leadsTo(new URL(location, at.url));
  if (lead === 'own') return true;
  return lead === 'allowed' && headerValue(headers, 'x-repo-commit') === undefined;
}
