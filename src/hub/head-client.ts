/**
 * Asks the hub for the heads of a file: a HEAD that follows redirects within the hub and stops at the
 * first that leads elsewhere. Runs on the main thread, as heads are few beside bytes. Used by
 * hub/decisions.
 */
import { originBusy } from '../cache/fill.js';
import type { CacheServices } from '../cache/services.js';
import { verdictOfError, verdictOfStatus } from '../origin/verdict.js';
import { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { trimOws } from '../model/field-syntax.js';
import { headerValue, type HeaderMap } from '../model/headers.js';
import type { BreakerVerdict } from '../origin/breaker.js';
import { parseContentRange } from '../origin/content-range.js';
import { PassClient, type PassedResponse } from '../origin/pass-client.js';
import { isRedirect, MAX_REDIRECT_HOPS } from '../origin/redirect.js';
import type { Upstream } from '../origin/upstream.js';
import { Asked } from './asked.js';

/** Read of a body that nobody wants, so that its connection can be kept: one byte was asked for. */
const MAX_DRAINED_BYTES = 1024;

/** Files that one hub is asked about at the same time, those that wait for a connection included. */
export const MAX_ASKED = 512;

/** Who asks, and where. */
export interface HeadsAsking {
  readonly upstream: Upstream;
  readonly who: { readonly headers: HeaderMap };
  readonly client: string;
}

/** The hub's word on a file, head by head. */
export interface Heads {
  /** First to last; the last is no redirect within the hub. */
  readonly heads: readonly [OriginHead, ...OriginHead[]];
  /** The URL that answered with each. */
  readonly urls: readonly string[];
  /** Length that a GET of one byte told, where the heads told none. */
  readonly probedLength: number | null;
}

export class HeadClient {
  readonly #services: Pick<CacheServices, 'limits' | 'events'>;
  /** A reload may replace an origin by another of its name. */
  readonly #clients = new WeakMap<Upstream, PassClient>();
  readonly #asked = new WeakMap<Upstream, Asked>();

  constructor(services: Pick<CacheServices, 'limits' | 'events'>) {
    this.#services = services;
  }

  /**
   * The heads of `target` for whoever asks. Rejects with a `ForebayError` when the hub does not answer, or
   * with `overload` when it is asked too much; a status of its own, whatever it is, is an answer.
   */
  async heads({ upstream, who, client }: HeadsAsking, target: string): Promise<Heads> {
    const leave = this.#enter(upstream, client);
    try {
      return await this.#judged(upstream, () => this.#follow(upstream, target, who.headers));
    } finally {
      leave();
    }
  }

  #enter(upstream: Upstream, client: string): () => void {
    const asked = this.#asked.get(upstream) ?? new Asked(MAX_ASKED);
    this.#asked.set(upstream, asked);
    return asked.enter(client);
  }

  /** Asks where the breaker lets it, and tells the breaker. */
  async #judged(upstream: Upstream, ask: () => Promise<Heads>): Promise<Heads> {
    const permit = upstream.breaker.ask();
    if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
    let verdict: BreakerVerdict = 'abandoned';
    try {
      const found = await ask();
      verdict = verdictOfStatus(found.heads.at(-1)?.status, 'success');
      return found;
    } catch (error) {
      if (error instanceof ForebayError) verdict = verdictOfError(error);
      throw error;
    } finally {
      permit.settle(verdict);
    }
  }

  async #follow(upstream: Upstream, target: string, headers: HeaderMap): Promise<Heads> {
    const passed = upstream.passTarget(target, 'HEAD', headers);
    const urls = [passed.url];
    let url = new URL(passed.url);
    let head = await this.#send(upstream, 'HEAD', url, passed.headers);
    const heads: [OriginHead, ...OriginHead[]] = [head];
    for (let hops = 0; leadsWithin(head); hops += 1) {
      if (hops === MAX_REDIRECT_HOPS) throw looping();
      url = new URL(headerValue(head.headers, 'location') ?? '', url);
      if (url.href.length > 8192 || url.origin !== new URL(passed.url).origin) throw looping();
      head = await this.#send(upstream, 'HEAD', url, passed.headers);
      heads.push(head);
      urls.push(url.href);
    }
    const untold = head.status === 200 && head.contentLength === null;
    const probedLength = untold ? await this.#probe(upstream, url, passed.headers) : null;
    return { heads, urls, probedLength };
  }

  /** The length that a GET of the first byte tells; `null` where it does not. */
  async #probe(
    upstream: Upstream,
    url: URL,
    headers: Readonly<Record<string, string>>,
  ): Promise<number | null> {
    const head = await this.#send(upstream, 'GET', url, { ...headers, range: 'bytes=0-0' });
    // An empty file has no first byte.
    if (head.status === 206 || head.status === 416) {
      const told = parseContentRange(headerValue(head.headers, 'content-range') ?? '');
      return told?.completeLength ?? null;
    }
    return head.status === 200 ? head.contentLength : null;
  }

  async #send(
    upstream: Upstream,
    method: string,
    url: URL,
    headers: Readonly<Record<string, string>>,
  ): Promise<OriginHead> {
    const target = {
      method,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, accept: '*/*', 'accept-encoding': 'identity' },
      content: null,
      // Whoever asks at the same time shares it: no single client's leaving ends it.
      signal: new AbortController().signal,
    };
    const client = this.#client(upstream, url.origin);
    const response = await client.send(target).catch((error: unknown) => {
      // The hub may have closed the connection that was kept: a safe request is sent again, once.
      if (!(error instanceof ForebayError) || error.code !== 'origin-reset') throw error;
      return client.send(target);
    });
    await release(response, method);
    const { status } = response;
    const stats = { originBytes: 0, statuses: [status], retries: [], stalls: 0 };
    this.#services.events.fetchFinished(upstream.name, stats);
    return { status, headers: response.headers, contentLength: response.lengthBytes };
  }

  #client(upstream: Upstream, origin: string): PassClient {
    const known = this.#clients.get(upstream);
    if (known !== undefined) return known;
    const { connectTimeoutMs, firstByteTimeoutMs } = this.#services.limits.fetch;
    const client = new PassClient({
      origin,
      maxConnections: upstream.maxConnections,
      connectTimeoutMs,
      responseTimeoutMs: firstByteTimeoutMs,
      keepsConnections: true,
    });
    this.#clients.set(upstream, client);
    return client;
  }
}

/** Lets its connection be used again, where that costs next to nothing. */
async function release(response: PassedResponse, method: string): Promise<void> {
  try {
    if (method !== 'HEAD' && response.status !== 206) return;
    let bytes = 0;
    for await (const piece of response.bytes) {
      bytes += piece.length;
      if (bytes > MAX_DRAINED_BYTES) return;
    }
  } catch {
    // The head is all that was wanted.
  } finally {
    response.close();
  }
}

/** A relative Location: the rest of the answer is on the same host. An absolute one is elsewhere. */
function leadsWithin({ status, headers }: OriginHead): boolean {
  const location = headerValue(headers, 'location');
  if (!isRedirect(status) || location === undefined) return false;
  return !/^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(trimOws(location));
}

function looping(): ForebayError {
  return new ForebayError('origin-loop', 'the hub led in circles', {
    source: 'origin',
    retryable: false,
  });
}
