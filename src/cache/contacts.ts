/**
 * Collapses contacts: requests that ask for the same URL at the same time share one, where its
 * response may be shared. Remembers what follows from a contact for later requests. Owned by Cache.
 */
import { LRUCache } from 'lru-cache';
import { within } from '../model/deferred.js';
import type { ResponseKey } from '../model/ids.js';
import { MAX_VARIANTS, type ResponseRecord, type StoredResponse } from '../model/response.js';
import type { Upstream } from '../origin/upstream.js';
import { isClaimedAs, isJoinable } from './stored.js';
import { type Asked, wantOf } from './asked.js';
import { seated } from './client-share.js';
import { type Contact, contact } from './contact.js';
import { variantMatches } from './freshness.js';
import type { Generations } from './generations.js';
import type { CacheServices } from './services.js';
import { SingleFlight } from './single-flight.js';
import { boundOf } from './want.js';

/** URLs remembered for answering with what may not be shared, so that their requests do not queue. */
const MAX_UNSHAREABLE = 10_000;

/** How long such a URL is asked for each request apart, before collapsing is tried again. */
const UNSHAREABLE_MS = 10_000;

const NEVER = new AbortController().signal;

export type Representation = Extract<Contact, { kind: 'representation' }>;

export class Contacts {
  readonly #services: CacheServices;
  readonly #generations: Generations;
  /** Of each origin apart: after a reload nobody joins what was asked as it was configured before. */
  readonly #flights = new WeakMap<Upstream, SingleFlight<string, Contact>>();
  /** Responses that arrive without a length or validator: they serve others as they are. */
  readonly #arriving = new Map<ResponseKey, Representation>();
  readonly #unshareable: LRUCache<string, true>;

  constructor(services: CacheServices, generations: Generations) {
    this.#services = services;
    this.#generations = generations;
    this.#unshareable = new LRUCache({
      max: MAX_UNSHAREABLE,
      ttl: UNSHAREABLE_MS,
      perf: { now: () => services.clock.monotonic() },
    });
  }

  /** A response of the URL that is still arriving and fits the request. */
  arriving({ key, request, upstream }: Asked): Representation | undefined {
    const found = this.#arriving.get(key);
    if (found === undefined || !variantMatches(found.stored, request.headers)) return undefined;
    // What was pinned since it began is checked from its beginning.
    return isClaimedAs(found.stored, upstream.pinnedDigest(request.target)) ? found : undefined;
  }

  /** Makes a contact or joins one. A result that is its leader's alone is asked for again. */
  async ask(
    asked: Asked,
    stored: StoredResponse | undefined,
    conditions: Readonly<Record<string, string>>,
  ): Promise<{ readonly result: Contact; readonly collapsed: boolean }> {
    const key = JSON.stringify([asked.key, asked.source.credentialKey, conditions]);
    const ask = (): Promise<Contact> => this.#contact(asked, stored, conditions, key);
    const bound = boundOf(this.#services, asked.request.signal);
    return seated(asked.share, async (seat) => {
      const alone = this.#unshareable.has(key);
      const flights = this.#flightsOf(asked.upstream);
      // Waited for before others can join: they need not sit out one client's share.
      if ((alone || !flights.has(key)) && seat?.mustWait() === true) {
        await seat.wait('demand', bound);
      }
      const flight = alone ? { outcome: ask(), joined: false } : flights.run(key, ask);
      if (flight.joined) asked.cost.joined = true;
      else seat?.keepUntil(flight.outcome.then(taken));
      const result = await within(flight.outcome, bound);
      if (!flight.joined || serves(result, asked)) return { result, collapsed: flight.joined };
      if (seat?.mustWait() === true) await seat.wait('demand', bound);
      const own = this.#contact(asked, stored, conditions, key);
      seat?.keepUntil(own.then(taken));
      return { result: await within(own, bound), collapsed: false };
    });
  }

  /** Stores what is known of the URL now; the newest variant first. */
  async record(asked: Asked, stored: StoredResponse, acceptsRanges: boolean): Promise<void> {
    const { key, upstream, source } = asked;
    const known = await this.#services.responses.get(key);
    const others = (known?.variants ?? []).filter(
      (variant) => variant.object.variant !== stored.object.variant,
    );
    const record: ResponseRecord = {
      origin: upstream.name,
      uri: source.uri,
      acceptsRanges: acceptsRanges && (known?.acceptsRanges ?? true),
      variants: [stored, ...others].slice(0, MAX_VARIANTS),
    };
    await this.#services.responses.put(key, record);
  }

  #flightsOf(upstream: Upstream): SingleFlight<string, Contact> {
    const known = this.#flights.get(upstream);
    if (known !== undefined) return known;
    const flights = new SingleFlight<string, Contact>();
    this.#flights.set(upstream, flights);
    return flights;
  }

  async #contact(
    asked: Asked,
    stored: StoredResponse | undefined,
    conditions: Readonly<Record<string, string>>,
    key: string,
  ): Promise<Contact> {
    const { request, upstream, record } = asked;
    const result = await contact(this.#services, this.#generations, {
      // It serves whoever joins: no single client's leaving ends it.
      want: { ...wantOf(asked, stored), signal: NEVER },
      headers: request.headers,
      hint: request.hint,
      conditions,
      acceptsRanges: record?.acceptsRanges ?? true,
      digest: upstream.pinnedDigest(request.target),
    });
    if (result.kind !== 'representation') return result;
    const { generation } = result;
    if (generation.ephemeral) this.#unshareable.set(key, true);
    else if (isJoinable(result.stored)) {
      await this.record(asked, result.stored, result.acceptsRanges);
    } else this.#arrive(asked, result);
    // Whoever awaits this contact retains for itself before the next turn of the loop.
    setImmediate(() => {
      generation.release();
    });
    return result;
  }

  /** A response without length or strong validator: joined while it arrives, recorded when whole. */
  #arrive(asked: Asked, result: Representation): void {
    const { key } = asked;
    const { generation, stored } = result;
    if (generation.intake === undefined) return;
    this.#arriving.set(key, result);
    void generation.intake.ended
      .then(async (error) => {
        if (error !== undefined || generation.lengthBytes === null) return;
        await this.record(asked, { ...stored, object: generation.object.identity }, false);
      })
      .catch((error: unknown) => {
        this.#services.events.warn('a response was not recorded', error);
      })
      .finally(() => {
        if (this.#arriving.get(key) === result) this.#arriving.delete(key);
      });
  }
}

/** Resolves when the body that a contact brought has been taken in. */
async function taken(result: Contact): Promise<void> {
  if (result.kind === 'representation') await result.generation.intake?.ended;
}

/** True when what another's contact brought may answer this request too. */
function serves(result: Contact, { request }: Asked): boolean {
  switch (result.kind) {
    case 'representation':
      return !result.generation.ephemeral && variantMatches(result.stored, request.headers);
    case 'not-modified':
      return true;
    // Another's refusal says nothing of us.
    case 'bodiless':
      return false;
  }
}
