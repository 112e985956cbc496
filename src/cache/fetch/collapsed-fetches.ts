/**
 * Collapses origin fetches: concurrent requests for the same URL share one fetch if its response
 * may be shared. Remembers for a while the URLs whose responses may not be. Owned by Cache.
 */
import { LRUCache } from 'lru-cache';
import { NEVER, within } from '../../model/deferred.js';
import type { ResponseKey } from '../../model/ids.js';
import type { StoredResponse } from '../../model/response.js';
import { steadyNow } from '../../model/steady-time.js';
import type { Upstream } from '../../origin/upstream.js';
import { type RequestContext, fetchContextOf } from './request-context.js';
import type { ResponseRecording } from './response-recording.js';
import { assess } from '../rfc9111/assess.js';
import { withPermit } from '../flight/client-quota.js';
import {
  type OriginFetch,
  fetchFromOrigin,
  type OriginFetchRequest,
  insists,
} from './origin-fetch.js';
import { requestDirectives } from '../rfc9111/directives.js';
import type { Generations } from '../object/generations.js';
import { Hindrances } from './hindrances.js';
import type { Epoch } from '../api/invalidation.js';
import { FetchEvents } from './fetch-events.js';
import { kindFor } from '../api/record.js';
import { variantMatches, variantOf } from '../rfc9111/select.js';
import type { CacheServices } from '../api/services.js';
import {
  isShared,
  isStoredSince,
  type Outcome,
  type SharedReply,
  type SharedRepresentation,
  serves,
  taken,
} from './sharing.js';
import { SingleFlight } from '../../model/single-flight.js';
import { isClaimedAs, isJoinable } from '../rfc9111/stored-digests.js';
import {
  clientConditions,
  type Conditions,
  conditionsAt,
  conditionsFor,
} from '../rfc9111/validate.js';
import { boundOf } from '../flight/fetch-context.js';

/** Most URLs remembered as unshareable, so that requests for them do not wait for each other. */
const MAX_UNSHAREABLE = 10_000;

/** How long requests for such a URL are fetched separately before collapsing is tried again. */
const UNSHAREABLE_MS = 10_000;

export class CollapsedFetches {
  readonly #services: CacheServices;
  readonly #generations: Generations;
  readonly #recording: ResponseRecording;
  /**
   * One per configured origin: after a reload no request joins a fetch made with the old
   * configuration.
   */
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Outcome>>();
  /** Responses without length or strong validator, which other requests join as they arrive. */
  readonly #arriving = new Map<
    ResponseKey,
    { readonly result: SharedRepresentation; readonly epoch: Epoch }
  >();
  readonly #unshareable: LRUCache<string, true>;
  readonly #hindrances: Hindrances;
  /** Events of the fetches under way, by outcome, for the requests that wait for them. */
  readonly #events = new WeakMap<Promise<Outcome>, FetchEvents>();

  constructor(services: CacheServices, generations: Generations, recording: ResponseRecording) {
    this.#services = services;
    this.#generations = generations;
    this.#recording = recording;
    this.#hindrances = new Hindrances((origin, field) => {
      services.events.unshareable(origin, field);
    });
    this.#unshareable = new LRUCache({
      max: MAX_UNSHAREABLE,
      ttl: UNSHAREABLE_MS,
      perf: { now: () => services.clock.monotonic() },
    });
  }

  /** Returns a response of the URL that is still arriving and may answer the request. */
  arriving(context: RequestContext): SharedRepresentation | undefined {
    const { key, request, upstream } = context;
    const found = this.#arriving.get(key);
    if (found === undefined || !this.#recording.isCurrent({ ...context, epoch: found.epoch }))
      return undefined;
    const { stored } = found.result;
    if (stored.kind !== kindFor(request.adapter)) return undefined;
    if (!variantMatches(stored, request.headers, this.#services.tag)) return undefined;
    // A digest pinned since it began must be verified from the first byte on.
    if (!isClaimedAs(stored, upstream.pinnedDigest(request.target))) return undefined;
    const assessment = assess(stored, request.headers, steadyNow(this.#services.clock));
    return assessment.kind === 'validate' ? undefined : found.result;
  }

  /**
   * Fetches from the origin, or joins a fetch. `candidates` are stored responses that the origin
   * may confirm. Without candidates, a fetch that is not shared sends the client's own conditions.
   * Rejects with a `ForebayError`.
   */
  async ask(context: RequestContext, candidates: readonly StoredResponse[]): Promise<SharedReply> {
    const { key: url, epoch, request, source } = context;
    const { tag } = this.#services;
    // Requests with other values of the fields that Vary names may select another candidate.
    const variants = candidates.map((one) => variantOf(request.headers, one, tag));
    const offered = conditionsFor(candidates);
    // Credentials may lead to another representation, and a request that insists on validation
    // begins at the URL itself instead of a remembered redirect.
    const manner = [source.credentialKey, source.shown.length === 0, insists(request.headers)];
    const key = JSON.stringify([url, epoch, manner, offered, variants]);
    const isOwn = context.alone || requestDirectives(request.headers).has('no-store');
    const isSeparate = isOwn || this.#unshareable.has(key);
    const isOwn304 = isSeparate && candidates.length === 0;
    const conditions = (place: string): Conditions =>
      isOwn304 ? clientConditions(request.headers) : conditionsAt(place, candidates);
    const events = new FetchEvents();
    const fetch = (): Promise<OriginFetch> =>
      this.#fetchOnce(context, candidates, conditions, key, events);
    // The caller's lookup was asynchronous: another fetch may have stored an answer and ended
    // since. The lookup is repeated inside this flight, while no other one for the key can end.
    const fetchUnlessStored = async (): Promise<Outcome> =>
      (await isStoredSince(this.#services, context)) ? { kind: 'stored-since' } : fetch();
    const bound = boundOf(this.#services, request.signal);
    return withPermit(context.quota, async (permit) => {
      const flights = this.#flightsOf(context.upstream);
      // Waits before others can join the flight: they must not wait for this client's quota.
      if ((isSeparate || !flights.has(key)) && permit?.tryAcquire() === false) {
        await permit.wait('demand', bound);
      }
      const flight = isSeparate
        ? { outcome: fetch(), collapsed: false }
        : flights.run(key, fetchUnlessStored);
      if (!flight.collapsed) this.#events.set(flight.outcome, events);
      const unfollow = this.#events.get(flight.outcome)?.follow(context);
      if (flight.collapsed) context.cost.collapsed = true;
      else permit?.keepUntil(flight.outcome.then(taken));
      const result = await within<Outcome>(flight.outcome, bound).finally(unfollow);
      if (result.kind === 'stored-since') return result;
      if (flight.collapsed && !serves(result, context, tag)) return { kind: 'not-shared' };
      return { kind: 'answered', result, collapsed: flight.collapsed };
    });
  }

  #flightsOf(upstream: Upstream): SingleFlight<string, Outcome> {
    const known = this.#flights.get(upstream);
    if (known !== undefined) return known;
    const flights = new SingleFlight<string, Outcome>();
    this.#flights.set(upstream, flights);
    return flights;
  }

  async #fetchOnce(
    context: RequestContext,
    candidates: readonly StoredResponse[],
    conditions: OriginFetchRequest['conditions'],
    key: string,
    { report }: FetchEvents,
  ): Promise<OriginFetch> {
    const { request, upstream, record } = context;
    const result = await fetchFromOrigin(this.#services, this.#generations, {
      // The fetch serves every request that joins it, so no single client's signal aborts it.
      fetchContext: { ...fetchContextOf(context), signal: NEVER, ...report },
      headers: request.headers,
      hint: request.hint,
      conditions,
      acceptsRanges: record?.acceptsRanges ?? true,
      isSteady: !this.#generations.unsteady.has(context.key),
      digest: upstream.pinnedDigest(request.target),
      adapter: request.adapter,
      isCurrent: () => this.#recording.isCurrent(context),
    });
    if (result.kind === 'not-modified') {
      await this.#recording.confirmed(context, candidates, result);
      return result;
    }
    const { generation, stored } = result;
    // With an adapter, the adapter decides what is shared: there is nothing to report.
    if (request.adapter === undefined) {
      this.#hindrances.look(upstream, request.headers, { ...stored, headers: result.received });
    }
    if (!isShared(result) && !requestDirectives(request.headers).has('no-store')) {
      this.#unshareable.set(key, true);
    }
    // Not awaited: an ephemeral chunk can be opened only while it is in flight.
    if (generation.isEphemeral) void this.#recording.replaced(context, candidates, result);
    else if (isJoinable(stored) || generation.lengthBytes === 0)
      await this.#recording.record(context, stored, result.acceptsRanges);
    else this.#arrive(context, result);
    // Requests that await this fetch retain the generation before the next turn of the event loop.
    setImmediate(() => {
      generation.release();
    });
    return result;
  }

  /**
   * Handles a response without length or strong validator: other requests may join it while it
   * arrives, and it is recorded once it is whole.
   */
  #arrive(context: RequestContext, result: SharedRepresentation): void {
    const { key, epoch } = context;
    const { generation, stored, acceptsRanges } = result;
    if (generation.intake === undefined) return;
    if (isShared(result)) this.#arriving.set(key, { result, epoch });
    void generation.intake.whenEnded
      .then(async (error) => {
        if (error !== undefined || generation.lengthBytes === null) return;
        const whole = { ...stored, object: generation.object.identity };
        await this.#recording.record(context, whole, acceptsRanges && stored.status !== 200);
      })
      .catch((error: unknown) => {
        this.#services.events.warn('a response was not recorded', error);
      })
      .finally(() => {
        if (this.#arriving.get(key)?.result === result) this.#arriving.delete(key);
      });
  }
}
