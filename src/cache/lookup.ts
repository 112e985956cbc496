/**
 * The cache's front door: finds what may answer a request, fresh or after asking the origin, and
 * collapses requests that ask at the same time. Decides with metadata alone; bytes are read through
 * the Body that it gives. Called by the HTTP front.
 */
import { within } from '../model/deferred.js';
import { ForebayError } from '../model/errors.js';
import type { StoredResponse } from '../model/response.js';
import type { Upstream } from '../origin/upstream.js';
import { responseKey } from '../store/keys.js';
import type {
  CacheAnswer,
  CacheFacade,
  CacheRequest,
  UnsafeRequest,
  UnsafeResponse,
} from './answer.js';
import { bodiless, chunksOf, forward } from './answers.js';
import { type Asked, wantOf } from './asked.js';
import { Cost } from './cost.js';
import type { Contact } from './contact.js';
import { ClientShares, SHARE_PER_LANE } from './client-share.js';
import { Contacts, type Representation } from './contacts.js';
import { assess, refreshed, variantMatches } from './freshness.js';
import type { Generation } from './generation.js';
import { Generations } from './generations.js';
import { invalidatedUris } from './invalidation.js';
import { looped, viaNames } from './loop.js';
import type { CacheOutcome, ForwardReason } from './outcome.js';
import { RepresentationBody } from './reader.js';
import type { CacheServices } from './services.js';
import { isClaimedAs, isJoinable } from './stored.js';
import { boundOf } from './want.js';

/**
 * The longest a stop waits for fetches that nobody reads any more: a chunk at 2 MiB/s. What takes
 * longer is fetched again after the start.
 */
const CLOSE_WAIT_MS = 4_000;

/** The origins that there are now: a request keeps the one that it found. */
export interface OriginSet {
  get(name: string): Upstream | undefined;
}

export class Cache implements CacheFacade {
  readonly #services: CacheServices;
  readonly #upstreams: OriginSet;
  readonly #pseudonym: string;
  readonly #generations: Generations;
  readonly #contacts: Contacts;
  readonly #shares: ClientShares;

  /** `pseudonym` names this process in Via: a request that carries it has come back to us. */
  constructor(services: CacheServices, upstreams: OriginSet, pseudonym: string) {
    this.#services = services;
    this.#upstreams = upstreams;
    this.#pseudonym = pseudonym;
    this.#generations = new Generations(services, (object) => {
      services.responses.delete(responseKey(object.origin, object.uri)).catch((error: unknown) => {
        services.events.warn('a response record could not be removed', error);
      });
    });
    this.#contacts = new Contacts(services, this.#generations);
    this.#shares = new ClientShares(SHARE_PER_LANE * services.pools.fill.laneCount, () => {
      services.events.clientShareFull();
    });
  }

  /** Waits for fetches in progress to be committed, within a bound, and lets go of every object. */
  async close(): Promise<void> {
    const { clock, events } = this.#services;
    const late = (): Error => new Error('fetches were still running');
    const bound = { clock, ms: CLOSE_WAIT_MS, timedOut: late, aborted: late };
    await within(this.#generations.quiet(), bound).catch((error: unknown) => {
      events.warn('closing before all that was fetched is committed', error);
    });
    this.#generations.closeIdle();
  }

  async invalidate({ origin, target }: UnsafeRequest, response: UnsafeResponse): Promise<void> {
    const targetUri = this.#upstreams.get(origin)?.uriOf(target);
    if (targetUri === undefined) return;
    const { responses, events } = this.#services;
    const keys = invalidatedUris(targetUri, response).map((uri) => responseKey(origin, uri));
    await Promise.all(keys.map((key) => responses.delete(key))).catch((error: unknown) => {
      events.warn('a response record could not be removed', error);
    });
  }

  async lookup(request: CacheRequest): Promise<CacheAnswer> {
    const upstream = this.#upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    if (viaNames(request.headers, this.#pseudonym)) throw looped();
    const pin = upstream.pinnedDigest(request.target);
    if (upstream.integrity === 'strict' && pin === null) throw unattested();
    const uri = upstream.uriOf(request.target);
    const key = responseKey(upstream.name, uri);
    const record = await this.#services.responses.get(key);
    const source = upstream.source(uri, request.headers);
    const share = request.client === undefined ? undefined : this.#shares.of(request.client);
    const asked: Asked = { request, upstream, source, key, record, share, cost: new Cost() };
    const stored = record?.variants.find(
      (variant) => variantMatches(variant, request.headers) && isClaimedAs(variant, pin),
    );
    if (stored !== undefined) return this.#answerStored(asked, stored);
    const arriving = this.#contacts.arriving(asked);
    if (arriving !== undefined) {
      return this.#represent(asked, arriving, true, 'uri-miss');
    }
    const reason = record === undefined ? 'uri-miss' : 'vary-miss';
    return this.#ask(asked, reason, undefined, {});
  }

  async #answerStored(asked: Asked, stored: StoredResponse): Promise<CacheAnswer> {
    const { request } = asked;
    // Parts of it cannot be fetched again: with one evicted it is no use.
    if (!isJoinable(stored) && !(await this.#isWhole(asked, stored))) {
      return this.#ask(asked, 'miss', undefined, {});
    }
    const assessment = assess(stored, request.headers, this.#services.clock);
    if (assessment.kind === 'stale') {
      return this.#ask(asked, 'stale', stored, assessment.conditions);
    }
    const generation = await this.#open(asked, stored);
    try {
      return this.#answer(
        asked,
        stored,
        generation,
        (unverified) => {
          const spans = chunksOf(request, generation);
          if (spans.every(({ first, end }) => generation.holds(first, end))) {
            return { kind: 'hit', unverified };
          }
          const [{ first }] = spans;
          const nothing = !generation.holds(first, first + 1);
          const reason = nothing ? 'miss' : 'partial';
          return forward({ reason, stored: true, unverified });
        },
        assessment.ageSeconds,
      );
    } finally {
      generation.release();
    }
  }

  /** Asks the origin, with others that ask the same at the same time where that is allowed. */
  async #ask(
    asked: Asked,
    reason: ForwardReason,
    stored: StoredResponse | undefined,
    conditions: Readonly<Record<string, string>>,
  ): Promise<CacheAnswer> {
    const { result, collapsed } = await this.#contacts.ask(asked, stored, conditions);
    return this.#conclude(asked, result, collapsed, reason, stored);
  }

  async #conclude(
    asked: Asked,
    result: Contact,
    collapsed: boolean,
    reason: ForwardReason,
    stored?: StoredResponse,
  ): Promise<CacheAnswer> {
    switch (result.kind) {
      case 'bodiless':
        return bodiless(result, reason);
      case 'representation':
        return this.#represent(asked, result, collapsed, reason);
      case 'not-modified': {
        if (stored === undefined) throw unexpected304();
        const fresh = refreshed(stored, result.headers, result.times);
        if (!collapsed) await this.#contacts.record(asked, fresh, true);
        const generation = await this.#open(asked, fresh);
        try {
          return this.#answer(asked, fresh, generation, (unverified) =>
            forward({ reason, originStatus: 304, stored: true, collapsed, unverified }),
          );
        } finally {
          generation.release();
        }
      }
    }
  }

  async #represent(
    asked: Asked,
    result: Representation,
    collapsed: boolean,
    reason: ForwardReason,
  ): Promise<CacheAnswer> {
    const { generation, stored, originStatus } = result;
    generation.retain();
    try {
      await this.#awaitLength(asked, generation);
      return this.#answer(asked, stored, generation, (unverified) =>
        forward({
          reason,
          originStatus,
          stored: !generation.ephemeral,
          collapsed,
          unverified,
          detail: generation.ephemeral ? 'not-storable' : null,
        }),
      );
    } finally {
      generation.release();
    }
  }

  /** A range of something whose length nobody knows can be named only once it has arrived. */
  async #awaitLength({ request }: Asked, generation: Generation): Promise<void> {
    const { kind } = request.hint;
    if (generation.lengthBytes !== null || kind === 'whole' || kind === 'none') return;
    // What is not stored would be gone by then: it is answered whole (RFC 9110 section 14.2).
    if (generation.ephemeral) return;
    const { intake } = generation;
    intake?.demand(Infinity);
    const error = await within(
      intake?.ended ?? Promise.resolve(undefined),
      boundOf(this.#services, request.signal),
    );
    if (error !== undefined) throw error;
  }

  #answer(
    asked: Asked,
    stored: StoredResponse,
    generation: Generation,
    outcomeOf: (unverified: boolean) => CacheOutcome,
    ageSeconds: number | null = null,
  ): CacheAnswer {
    const outcome = outcomeOf(generation.integrity.state.kind === 'pending');
    const body = new RepresentationBody(generation, wantOf(asked, stored), asked.cost);
    return { status: stored.status, headers: stored.headers, ageSeconds, outcome, body };
  }

  async #isWhole(asked: Asked, stored: StoredResponse): Promise<boolean> {
    const generation = await this.#open(asked, stored);
    const whole = generation.holds(0, Infinity);
    generation.release();
    return whole;
  }

  #open(asked: Asked, stored: StoredResponse): Promise<Generation> {
    const want = wantOf(asked, stored);
    return this.#generations.open(stored.object, { ephemeral: false, want });
  }
}

function unattested(): ForebayError {
  const message = 'the origin is strict and no digest vouches for this object';
  return new ForebayError('origin-unattested', message, { source: 'origin', retryable: false });
}

function unexpected304(): ForebayError {
  return new ForebayError('origin-protocol', '304 to a request without conditions', {
    source: 'origin',
    retryable: true,
  });
}
