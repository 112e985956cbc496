/**
 * Forwards requests whose method no stored response can answer (RFC 9110 section 9.2.3): uncached,
 * with their content, to the origin and to no other host. Invalidates stored responses that they
 * make stale. Called by http/exchange/exchange for origins that allow it.
 */
import { ForebayError } from '../../model/errors.js';
import type { OriginHead } from '../../model/fetch.js';
import type { HeaderMap } from '../../model/headers.js';
import type { Segment } from '../../model/segment.js';
import { requestTargetOf } from '../../model/uri.js';
import type { BreakerVerdict } from '../../origin/breaker.js';
import {
  PassClient,
  type PassedContent,
  type PassedResponse,
  type PassedTarget,
} from '../../origin/pass-client.js';
import type { Upstream } from '../../origin/upstream.js';
import type { Body, CacheAnswer, CacheFacade } from '../api/facade.js';
import { forward } from '../answer/answers.js';
import { originBusy } from '../../origin/breaker.js';
import type { OriginSet } from '../answer/cache.js';
import { looped, viaNames } from '../../origin/via.js';
import { type GivePlace, PassPlaces } from './pass-places.js';
import type { CacheServices } from '../api/services.js';
import { verdictOfError, verdictOfHead } from '../../origin/verdict.js';

export interface PassRequest {
  readonly origin: string;
  /** Path below the mount and query. */
  readonly target: string;
  readonly method: string;
  readonly headers: HeaderMap;
  /** As in `CacheRequest`. */
  readonly own?: string;
  readonly content: PassedContent | null;
  /** Identifies the client, which may use a bounded part of an origin's connections. */
  readonly client: string;
  /** Aborts when the client goes away; the answer serves no other request. */
  readonly signal: AbortSignal;
  /** Called with each interim response (RFC 9110 section 15.2). */
  readonly interim?: ((head: OriginHead) => void) | undefined;
}

/** The interface to the HTTP front. */
export interface PassFacade {
  /** Resolves to the origin's answer, whatever its status. Rejects with a `ForebayError`. */
  pass(request: PassRequest): Promise<CacheAnswer>;
}

/** Safe methods (RFC 9110 section 9.2.1). GET and HEAD come only from hub/passed. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

type Invalidate = Pick<CacheFacade, 'invalidate'>;

type Services = Pick<CacheServices, 'events' | 'limits' | 'clock'>;

/** The client and the places of one origin. */
interface PassRoute {
  readonly client: PassClient;
  readonly places: PassPlaces;
}

export class Passing implements PassFacade {
  readonly #services: Services;
  readonly #upstreams: OriginSet;
  /** By origin, not by name: a reload may replace an origin by another one of the same name. */
  readonly #routes = new WeakMap<Upstream, PassRoute>();
  readonly #cache: Invalidate;
  readonly #pseudonym: string;

  /** `cache` invalidates what a passed request changed. `pseudonym` is as in `Cache`. */
  constructor(services: Services, upstreams: OriginSet, cache: Invalidate, pseudonym: string) {
    this.#services = services;
    this.#upstreams = upstreams;
    this.#cache = cache;
    this.#pseudonym = pseudonym;
  }

  async pass(request: PassRequest): Promise<CacheAnswer> {
    const upstream = this.#upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    if (viaNames(request.headers, this.#pseudonym)) throw looped();
    const { client, places } = this.#routeOf(upstream);
    const { clock } = this.#services;
    const give = await places.take(request.client, { clock, signal: request.signal });
    let answered = false;
    try {
      const response = await this.#send(upstream, client, request);
      answered = true;
      return this.#answer(upstream, response, give);
    } finally {
      if (!answered) give();
    }
  }

  async #send(
    upstream: Upstream,
    client: PassClient,
    request: PassRequest,
  ): Promise<PassedResponse> {
    // Acquired after the wait for a place: a request that probes a broken origin is sent at once.
    const permit = upstream.breaker.ask();
    if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
    let verdict: BreakerVerdict = 'abandoned';
    try {
      const response = await client.send(targetOf(upstream, request));
      verdict = verdictOfHead(response, 'success');
      await this.#invalidate(request, response);
      return response;
    } catch (error) {
      if (error instanceof ForebayError) verdict = verdictOfError(error);
      throw error;
    } finally {
      permit.settle(verdict);
    }
  }

  /** Runs before the answer is sent: the client's next request must not get the replaced state. */
  async #invalidate(request: PassRequest, response: PassedResponse): Promise<void> {
    if (SAFE.has(request.method)) return;
    try {
      await this.#cache.invalidate(request, response);
    } catch (error) {
      response.close();
      throw error;
    }
  }

  #routeOf(upstream: Upstream): PassRoute {
    const known = this.#routes.get(upstream);
    if (known !== undefined) return known;
    const { fetch, requestTimeoutMs } = this.#services.limits;
    const { maxConnections } = upstream;
    const client = new PassClient({
      origin: new URL(upstream.uriOf('/')).origin,
      reach: upstream.wayTo(upstream.uriOf('/')),
      maxConnections,
      connectTimeoutMs: fetch.connectTimeoutMs,
      responseTimeoutMs: requestTimeoutMs,
    });
    const route = { client, places: new PassPlaces(maxConnections) };
    this.#routes.set(upstream, route);
    return route;
  }

  #answer(upstream: Upstream, response: PassedResponse, give: GivePlace): CacheAnswer {
    const { status, headers } = response;
    const cost = { originBytes: 0, collapsed: false };
    const close = once(() => {
      response.close();
      give();
      const stats = { originBytes: cost.originBytes, statuses: [status], retries: [], stalls: 0 };
      this.#services.events.fetchFinished(upstream.name, stats);
    });
    const body: Body = {
      lengthBytes: response.lengthBytes,
      acceptsRanges: false,
      isKept: false,
      read: () => segments(response.bytes, cost),
      cost: () => cost,
      close,
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

/** Returns the request as it is sent to the origin. */
function targetOf(upstream: Upstream, request: PassRequest): PassedTarget {
  const { method, content, signal, interim } = request;
  const { url, headers } = upstream.passTarget(request.target, method, request.headers);
  return { method, path: requestTargetOf(url), headers, content, signal, interim };
}
