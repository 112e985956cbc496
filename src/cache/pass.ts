/**
 * Passes requests on whose method no stored response answers (RFC 9110 section 9.2.3): uncached, with
 * their content, to the origin and nowhere else. What they change there is forgotten here. Called by
 * http/exchange for origins that allow it.
 */
import { ForebayError } from '../model/errors.js';
import type { HeaderMap } from '../model/headers.js';
import type { Segment } from '../model/segment.js';
import type { BreakerVerdict } from '../origin/breaker.js';
import { PassClient, type PassedContent, type PassedResponse } from '../origin/pass-client.js';
import type { Upstream } from '../origin/upstream.js';
import type { Body, CacheAnswer, CacheFacade } from './answer.js';
import { forward } from './answers.js';
import { originBusy } from './fill.js';
import type { OriginSet } from './lookup.js';
import { looped, viaNames } from './loop.js';
import type { CacheServices } from './services.js';
import { verdictOfError, verdictOfStatus } from './verdict.js';

export interface PassRequest {
  readonly origin: string;
  /** Path below the mount and query. */
  readonly target: string;
  readonly method: string;
  readonly headers: HeaderMap;
  readonly content: PassedContent | null;
  /** Aborts when the client goes away: nobody else wants this answer. */
  readonly signal: AbortSignal;
}

/** What the front needs of this file. */
export interface PassFacade {
  /** Resolves with the origin's answer, whatever its status. Rejects with a `ForebayError`. */
  pass(request: PassRequest): Promise<CacheAnswer>;
}

/** Passed requests under way: each holds a connection to an origin and a stream on the main thread. */
export const MAX_PASSING = 64;

/** Methods that change nothing (RFC 9110 section 9.2.1); GET and HEAD do not come here. */
const SAFE: ReadonlySet<string> = new Set(['OPTIONS']);

type Invalidate = Pick<CacheFacade, 'invalidate'>;

export class Passing implements PassFacade {
  readonly #services: Pick<CacheServices, 'events' | 'limits'>;
  readonly #upstreams: OriginSet;
  /** A reload may replace an origin by another of its name. */
  readonly #clients = new WeakMap<Upstream, PassClient>();
  readonly #cache: Invalidate;
  readonly #pseudonym: string;
  #underWay = 0;

  /** `cache` forgets what a passed request changed; `pseudonym` as in `Cache`. */
  constructor(
    services: Pick<CacheServices, 'events' | 'limits'>,
    upstreams: OriginSet,
    cache: Invalidate,
    pseudonym: string,
  ) {
    this.#services = services;
    this.#upstreams = upstreams;
    this.#cache = cache;
    this.#pseudonym = pseudonym;
  }

  async pass(request: PassRequest): Promise<CacheAnswer> {
    const upstream = this.#upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    if (viaNames(request.headers, this.#pseudonym)) throw looped();
    if (this.#underWay >= MAX_PASSING) throw tooMany();
    const permit = upstream.breaker.ask();
    if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
    let verdict: BreakerVerdict = 'abandoned';
    this.#underWay += 1;
    let answered = false;
    try {
      const response = await this.#send(upstream, request);
      verdict = verdictOfStatus(response.status, 'success');
      // Before the client hears of it: its next request must not get what it has just replaced.
      if (!SAFE.has(request.method)) await this.#cache.invalidate(request, response);
      answered = true;
      return this.#answer(upstream, response);
    } catch (error) {
      if (error instanceof ForebayError) verdict = verdictOfError(error);
      throw error;
    } finally {
      permit.settle(verdict);
      if (!answered) this.#underWay -= 1;
    }
  }

  #send(upstream: Upstream, request: PassRequest): Promise<PassedResponse> {
    const { method, content, signal } = request;
    const { url, headers } = upstream.passTarget(request.target, method, request.headers);
    const { origin, pathname, search } = new URL(url);
    const path = `${pathname}${search}`;
    return this.#client(upstream, origin).send({ method, path, headers, content, signal });
  }

  #client(upstream: Upstream, origin: string): PassClient {
    const known = this.#clients.get(upstream);
    if (known !== undefined) return known;
    const { fetch, requestTimeoutMs } = this.#services.limits;
    const client = new PassClient({
      origin,
      maxConnections: upstream.maxConnections,
      connectTimeoutMs: fetch.connectTimeoutMs,
      responseTimeoutMs: requestTimeoutMs,
    });
    this.#clients.set(upstream, client);
    return client;
  }

  #answer(upstream: Upstream, response: PassedResponse): CacheAnswer {
    const { status, headers } = response;
    const cost = { originBytes: 0, joined: false };
    const over = once(() => {
      this.#underWay -= 1;
      response.close();
      const stats = { originBytes: cost.originBytes, statuses: [status], retries: [], stalls: 0 };
      this.#services.events.fetchFinished(upstream.name, stats);
    });
    const body: Body = {
      lengthBytes: response.lengthBytes,
      acceptsRanges: false,
      isKept: false,
      read: () => segments(response.bytes, cost),
      cost: () => cost,
      close: over,
    };
    const outcome = forward({ reason: 'method', originStatus: status });
    return { status, headers, ageSeconds: null, outcome, body };
  }
}

async function* segments(
  bytes: AsyncIterable<Uint8Array>,
  cost: { originBytes: number },
): AsyncGenerator<Segment> {
  for await (const piece of bytes) {
    cost.originBytes += piece.length;
    yield { kind: 'bytes', bytes: piece };
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

function tooMany(): ForebayError {
  return new ForebayError('overload', 'as many requests are passed on as may be at once', {
    source: 'internal',
    retryable: true,
  });
}
