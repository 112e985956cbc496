/**
 * Collapses contacts: requests that ask for the same URL at the same time share one, where its
 * response may be shared. Remembers what follows from a contact for later requests. Owned by Cache.
 */
import { LRUCache } from 'lru-cache';
import { within } from '../../model/deferred.js';
import type { ResponseKey } from '../../model/ids.js';
import { MAX_VARIANTS, type ResponseRecord, type StoredResponse } from '../../model/response.js';
import { steadyNow } from '../../model/steady-time.js';
import type { Upstream } from '../../origin/upstream.js';
import { type Asked, wantOf } from './asked.js';
import { assess } from '../rfc9111/assess.js';
import { seated } from '../flight/client-share.js';
import { type Contact, contact, type ContactRequest, insists } from './contact.js';
import { requestDirectives } from '../rfc9111/directives.js';
import type { Generations } from '../object/generations.js';
import { Hindrances } from './hindrances.js';
import type { Epoch, Invalidations } from '../api/invalidation.js';
import { Meanwhile } from './meanwhile.js';
import { isStorable, mayStore } from '../rfc9111/policy.js';
import { kindFor, ofKind, replacing, sharingContent, without } from '../api/record.js';
import { variantMatches, variantOf } from '../rfc9111/select.js';
import type { CacheServices } from '../api/services.js';
import {
  isShared,
  isStoredSince,
  type Outcome,
  type Reply,
  type Representation,
  serves,
  taken,
} from './sharing.js';
import { SingleFlight } from '../../model/single-flight.js';
import { isClaimedAs, isJoinable, speaksOfContent } from '../rfc9111/stored.js';
import {
  clientConditions,
  type Conditions,
  conditionsAt,
  conditionsFor,
  refreshed,
  selectValidated,
} from '../rfc9111/validate.js';
import { boundOf } from '../flight/want.js';

/** URLs remembered for answering with what may not be shared, so that their requests do not queue. */
const MAX_UNSHAREABLE = 10_000;

/** How long such a URL is asked for each request apart, before collapsing is tried again. */
const UNSHAREABLE_MS = 10_000;

const NEVER = new AbortController().signal;

export class Contacts {
  readonly #services: CacheServices;
  readonly #generations: Generations;
  readonly #invalidations: Invalidations;
  /** Of each origin apart: after a reload nobody joins what was asked as it was configured before. */
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Outcome>>();
  /** Responses that arrive without a length or validator: they serve others as they are. */
  readonly #arriving = new Map<
    ResponseKey,
    { readonly result: Representation; readonly epoch: Epoch }
  >();
  readonly #unshareable: LRUCache<string, true>;
  readonly #hindrances: Hindrances;
  /** Of the contacts under way, the first failure that a retry follows: for all who wait on one. */
  readonly #meanwhile = new WeakMap<Promise<Outcome>, Meanwhile>();

  constructor(services: CacheServices, generations: Generations, invalidations: Invalidations) {
    this.#services = services;
    this.#generations = generations;
    this.#invalidations = invalidations;
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
  arriving(asked: Asked): Representation | undefined {
    const { key, request, upstream } = asked;
    const found = this.#arriving.get(key);
    if (found === undefined || !this.#isCurrent({ ...asked, epoch: found.epoch })) return undefined;
    const { stored } = found.result;
    if (stored.kind !== kindFor(request.asking)) return undefined;
    if (!variantMatches(stored, request.headers, this.#services.tag)) return undefined;
    // What was pinned since it began is checked from its beginning.
    if (!isClaimedAs(stored, upstream.pinnedDigest(request.target))) return undefined;
    const assessment = assess(stored, request.headers, steadyNow(this.#services.clock));
    return assessment.kind === 'validate' ? undefined : found.result;
  }

  /**
   * Makes a contact or joins one. `candidates` are the stored responses that the origin may confirm;
   * without any, a request whose answer is its own takes its client's conditions along.
   */
  async ask(asked: Asked, candidates: readonly StoredResponse[]): Promise<Reply> {
    const { key: url, epoch, request, source } = asked;
    const { tag } = this.#services;
    // Other values of the fields that selected them may select another one.
    const variants = candidates.map((one) => variantOf(request.headers, one, tag));
    const offered = conditionsFor(candidates);
    // Who shows what others do not may be led to what is not for them, and who insists begins elsewhere.
    const manner = [source.credentialKey, source.shown.length === 0, insists(request.headers)];
    const key = JSON.stringify([url, epoch, manner, offered, variants]);
    const own = asked.alone || requestDirectives(request.headers).has('no-store');
    const apart = own || this.#unshareable.has(key);
    const isOwn304 = apart && candidates.length === 0;
    const conditions = (place: string): Conditions =>
      isOwn304 ? clientConditions(request.headers) : conditionsAt(place, candidates);
    const meanwhile = new Meanwhile();
    const ask = (): Promise<Contact> =>
      this.#contact(asked, candidates, conditions, key, meanwhile);
    // A look takes a turn, in which another contact may have ended, and its flight with it: what it
    // stored is looked for once more where nobody can end between that look and this flight.
    const askUnlessStored = async (): Promise<Outcome> =>
      (await isStoredSince(this.#services, asked)) ? { kind: 'stored-since' } : ask();
    const bound = boundOf(this.#services, request.signal);
    return seated(asked.share, async (seat) => {
      const flights = this.#flightsOf(asked.upstream);
      // Waited for before others can join: they need not sit out one client's share.
      if ((apart || !flights.has(key)) && seat?.mustWait() === true) {
        await seat.wait('demand', bound);
      }
      const flight = apart ? { outcome: ask(), joined: false } : flights.run(key, askUnlessStored);
      if (!flight.joined) this.#meanwhile.set(flight.outcome, meanwhile);
      const unfollow = this.#meanwhile.get(flight.outcome)?.follow(asked);
      if (flight.joined) asked.cost.joined = true;
      else seat?.keepUntil(flight.outcome.then(taken));
      const result = await within<Outcome>(flight.outcome, bound).finally(unfollow);
      if (result.kind === 'stored-since') return result;
      if (flight.joined && !serves(result, asked, tag)) return { kind: 'not-shared' };
      return { kind: 'answered', result, collapsed: flight.joined };
    });
  }

  /** Stores what is known of the URL now. */
  async record(asked: Asked, stored: StoredResponse, acceptsRanges: boolean): Promise<void> {
    await this.#change(asked, (known) => ({
      origin: asked.upstream.name,
      uri: asked.source.uri,
      acceptsRanges: acceptsRanges && (known?.acceptsRanges ?? true),
      variants: replacing(known?.variants ?? [], stored).slice(0, MAX_VARIANTS),
    }));
  }

  /** Drops what is stored of a URL. Never rejects. */
  async forget(key: ResponseKey): Promise<void> {
    const { responses, events } = this.#services;
    await responses.delete(key).catch((error: unknown) => {
      events.warn('a response record could not be removed', error);
    });
  }

  /**
   * Stores what a 304 made of the candidate that it speaks of, and of others with the same content.
   * Part of the contact, not of a request that waits for it: its client may have left.
   */
  async #confirmed(
    asked: Asked,
    candidates: readonly StoredResponse[],
    contact: NotModified,
  ): Promise<void> {
    const { headers } = asked.request;
    const selection = selectValidated(candidates, contact);
    if (selection.kind !== 'update') return;
    const stored = refreshed(selection.stored, contact, { headers, tag: this.#services.tag });
    // A 304 may make a response one client's own, or come for a client who has it alone.
    if (mayStore(headers, stored)) await this.#confirm(asked, stored, contact);
    else if (!isStorable(stored)) await this.forget(asked.key);
  }

  async #confirm(asked: Asked, stored: StoredResponse, contact: NotModified): Promise<void> {
    await this.#change(asked, (known) => ({
      origin: asked.upstream.name,
      uri: asked.source.uri,
      acceptsRanges: known?.acceptsRanges ?? true,
      variants: replacing(sharingContent(known?.variants ?? [], stored, contact), stored),
    }));
  }

  async #change(
    asked: Asked,
    change: (known: ResponseRecord | undefined) => ResponseRecord,
  ): Promise<void> {
    const kind = kindFor(asked.request.asking);
    await this.#services.responses.update(asked.key, (known) =>
      // The URL was changed since this was asked for: what came is what was there before.
      this.#isCurrent(asked) ? change(ofKind(known, kind)) : known,
    );
  }

  #isCurrent({ key, epoch, upstream, source }: Asked): boolean {
    return this.#invalidations.isCurrent(key, { origin: upstream.name, uri: source.uri }, epoch);
  }

  #flightsOf(upstream: Upstream): SingleFlight<string, Outcome> {
    const known = this.#flights.get(upstream);
    if (known !== undefined) return known;
    const flights = new SingleFlight<string, Outcome>();
    this.#flights.set(upstream, flights);
    return flights;
  }

  async #contact(
    asked: Asked,
    candidates: readonly StoredResponse[],
    conditions: ContactRequest['conditions'],
    key: string,
    { tells }: Meanwhile,
  ): Promise<Contact> {
    const { request, upstream, record } = asked;
    const result = await contact(this.#services, this.#generations, {
      // It serves whoever joins: no single client's leaving ends it.
      want: { ...wantOf(asked), signal: NEVER, ...tells },
      headers: request.headers,
      hint: request.hint,
      conditions,
      acceptsRanges: record?.acceptsRanges ?? true,
      isSteady: !this.#generations.unsteady.has(asked.key),
      digest: upstream.pinnedDigest(request.target),
      asking: request.asking,
      isCurrent: () => this.#isCurrent(asked),
    });
    if (result.kind === 'not-modified') {
      await this.#confirmed(asked, candidates, result);
      return result;
    }
    const { generation, stored } = result;
    // Where an adapter speaks for the origin, it answers for what is shared.
    if (request.asking === undefined) {
      this.#hindrances.look(upstream, request.headers, { ...stored, headers: result.received });
    }
    if (!isShared(result) && !requestDirectives(request.headers).has('no-store')) {
      this.#unshareable.set(key, true);
    }
    // Not awaited: an ephemeral chunk is there only for who opens it while it is in flight.
    if (generation.ephemeral) void this.#replaced(asked, candidates, result);
    else if (isJoinable(stored) || generation.lengthBytes === 0)
      await this.record(asked, stored, result.acceptsRanges);
    else this.#arrive(asked, result);
    // Whoever awaits this contact retains for itself before the next turn of the loop.
    setImmediate(() => {
      generation.release();
    });
    return result;
  }

  /** What came instead of a stored response may not be stored: the old one is not current either. */
  async #replaced(
    asked: Asked,
    candidates: readonly StoredResponse[],
    { originStatus }: Representation,
  ): Promise<void> {
    const [only, ...others] = candidates;
    if (only === undefined || others.length > 0 || !speaksOfContent(originStatus)) return;
    if (!variantMatches(only, asked.request.headers, this.#services.tag)) return;
    const change = this.#change(asked, (known) => ({
      origin: asked.upstream.name,
      uri: asked.source.uri,
      acceptsRanges: known?.acceptsRanges ?? true,
      variants: without(known?.variants ?? [], only),
    }));
    await change.catch((error: unknown) => {
      this.#services.events.warn('a replaced response was not removed', error);
    });
  }

  /** A response without length or strong validator: joined while it arrives, recorded when whole. */
  #arrive(asked: Asked, result: Representation): void {
    const { key, epoch } = asked;
    const { generation, stored, acceptsRanges } = result;
    if (generation.intake === undefined) return;
    if (isShared(result)) this.#arriving.set(key, { result, epoch });
    void generation.intake.ended
      .then(async (error) => {
        if (error !== undefined || generation.lengthBytes === null) return;
        const whole = { ...stored, object: generation.object.identity };
        await this.record(asked, whole, acceptsRanges && stored.status !== 200);
      })
      .catch((error: unknown) => {
        this.#services.events.warn('a response was not recorded', error);
      })
      .finally(() => {
        if (this.#arriving.get(key)?.result === result) this.#arriving.delete(key);
      });
  }
}

type NotModified = Extract<Contact, { kind: 'not-modified' }>;
