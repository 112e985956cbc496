/**
 * Collapses origin fetches: simultaneous requests for one URL share one fetch if its response may
 * be shared. Remembers for a while the URLs whose responses may not. Owned by Cache.
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

/** URLs remembered as unshareable, so that their requests do not queue. */
const MAX_UNSHAREABLE = 10_000;

/** How long each request for such a URL fetches on its own, before collapsing is tried again. */
const UNSHAREABLE_MS = 10_000;

export class CollapsedFetches {
  readonly #services: CacheServices;
  readonly #generations: Generations;
  readonly #recording: ResponseRecording;
  /** One per upstream: after a reload no request joins a fetch with the old configuration. */
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Outcome>>();
  /** Responses that arrive without a length or validator: they serve others as they are. */
  readonly #arriving = new Map<
    ResponseKey,
    { readonly result: SharedRepresentation; readonly epoch: Epoch }
  >();
  readonly #unshareable: LRUCache<string, true>;
  readonly #hindrances: Hindrances;
  /** Events of the fetches under way, for all requests that wait for one. */
  readonly #meanwhile = new WeakMap<Promise<Outcome>, FetchEvents>();

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

  /** A response of the URL that is still arriving and fits the request. */
  arriving(context: RequestContext): SharedRepresentation | undefined {
    const { key, request, upstream } = context;
    const found = this.#arriving.get(key);
    if (found === undefined || !this.#recording.isCurrent({ ...context, epoch: found.epoch }))
      return undefined;
    const { stored } = found.result;
    if (stored.kind !== kindFor(request.adapter)) return undefined;
    if (!variantMatches(stored, request.headers, this.#services.tag)) return undefined;
    // A digest that was pinned meanwhile needs a fetch that is checked from its beginning.
    if (!isClaimedAs(stored, upstream.pinnedDigest(request.target))) return undefined;
    const assessment = assess(stored, request.headers, steadyNow(this.#services.clock));
    return assessment.kind === 'validate' ? undefined : found.result;
  }

  /**
   * Fetches from the origin or joins a fetch. `candidates` are stored responses that it may
   * confirm; without any, a request whose answer is its own takes its client's conditions along.
   */
  async ask(context: RequestContext, candidates: readonly StoredResponse[]): Promise<SharedReply> {
    const { key: url, epoch, request, source } = context;
    const { tag } = this.#services;
    // Other values of the fields that selected them may select another one.
    const variants = candidates.map((one) => variantOf(request.headers, one, tag));
    const offered = conditionsFor(candidates);
    // A request with its own credentials may be redirected elsewhere, and one that insists on the
    // origin starts a new fetch.
    const manner = [source.credentialKey, source.shown.length === 0, insists(request.headers)];
    const key = JSON.stringify([url, epoch, manner, offered, variants]);
    const own = context.alone || requestDirectives(request.headers).has('no-store');
    const apart = own || this.#unshareable.has(key);
    const isOwn304 = apart && candidates.length === 0;
    const conditions = (place: string): Conditions =>
      isOwn304 ? clientConditions(request.headers) : conditionsAt(place, candidates);
    const meanwhile = new FetchEvents();
    const ask = (): Promise<OriginFetch> =>
      this.#fetchOnce(context, candidates, conditions, key, meanwhile);
    // The check takes a turn, in which another fetch may end and leave the table: the record is
    // read once more, with no turn between that and this fetch.
    const askUnlessStored = async (): Promise<Outcome> =>
      (await isStoredSince(this.#services, context)) ? { kind: 'stored-since' } : ask();
    const bound = boundOf(this.#services, request.signal);
    return withPermit(context.quota, async (permit) => {
      const flights = this.#flightsOf(context.upstream);
      // Waited for before others can join: they need not sit out one client's share.
      if ((apart || !flights.has(key)) && permit?.tryAcquire() === false) {
        await permit.wait('demand', bound);
      }
      const flight = apart
        ? { outcome: ask(), collapsed: false }
        : flights.run(key, askUnlessStored);
      if (!flight.collapsed) this.#meanwhile.set(flight.outcome, meanwhile);
      const unfollow = this.#meanwhile.get(flight.outcome)?.follow(context);
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
      // It serves all that join: no single client's leaving ends it.
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
    // An adapter decides itself what is shared.
    if (request.adapter === undefined) {
      this.#hindrances.look(upstream, request.headers, { ...stored, headers: result.received });
    }
    if (!isShared(result) && !requestDirectives(request.headers).has('no-store')) {
      this.#unshareable.set(key, true);
    }
    // Not awaited: an ephemeral chunk is there only for who opens it while it is in flight.
    if (generation.isEphemeral) void this.#recording.replaced(context, candidates, result);
    else if (isJoinable(stored) || generation.lengthBytes === 0)
      await this.#recording.record(context, stored, result.acceptsRanges);
    else this.#arrive(context, result);
    // Requests that await this fetch retain it before the next turn of the loop.
    setImmediate(() => {
      generation.release();
    });
    return result;
  }

  /**
   * A response without length or strong validator: joined while it arrives, recorded when whole.
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
