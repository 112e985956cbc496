/**
 * The cache's front door: finds what may answer a request, fresh or after asking the origin, and
 * collapses requests that ask at the same time. Decides with metadata alone; bytes are read through
 * the Body that it gives. Called by the HTTP front.
 */
import { within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import { emptyHeaders } from '../../model/headers.js';
import type { ResponseKey } from '../../model/ids.js';
import type { ObjectIdentity } from '../../model/manifest.js';
import type { ResponseRecord, StoredResponse } from '../../model/response.js';
import { steadyNow } from '../../model/steady-time.js';
import type { Upstream } from '../../origin/upstream.js';
import { responseKey } from '../../store/objects/keys.js';
import type {
  Body,
  CacheAnswer,
  CacheFacade,
  CacheRequest,
  UnsafeRequest,
  UnsafeResponse,
} from '../api/answer.js';
import { chunksOf, forward, passedOn, refuseOnlyIfCached } from './answers.js';
import { type Asked, FIRST, type Turn, wantOf } from '../fetch/asked.js';
import { assess } from '../rfc9111/assess.js';
import { ClientShares, SHARE_PER_LANE } from '../flight/client-share.js';
import { Cost } from '../flight/cost.js';
import type { Contact } from '../fetch/contact.js';
import { Contacts } from '../fetch/contacts.js';
import { Generations } from '../object/generations.js';
import { invalidatedUris, Invalidations } from '../api/invalidation.js';
import { looped, viaNames } from '../../origin/via.js';
import type { ForwardReason } from '../api/outcome.js';
import { RepresentationBody } from '../body/reader.js';
import { kindFor, ofKind } from '../api/record.js';
import { fateOf, type KnownObject, Representations } from './representations.js';
import { select } from '../rfc9111/select.js';
import type { CacheServices } from '../api/services.js';
import { type HitSource, standingHit, type StandingRooms } from './standing-hit.js';
import { isClaimedAs, isJoinable, isOfferable } from '../rfc9111/stored.js';
import { refreshed, selectValidated } from '../rfc9111/validate.js';
import { Validation } from './validation.js';

/**
 * The longest a stop waits for fetches that nobody reads any more: a chunk at 2 MiB/s. What takes
 * longer is fetched again after the start.
 */
const CLOSE_WAIT_MS = 4_000;

/** The origins that there are now: a request keeps the one that it found. */
export interface OriginSet {
  get(name: string): Upstream | undefined;
  readonly all: readonly Upstream[];
}

export class Cache implements CacheFacade {
  readonly #services: CacheServices;
  readonly #upstreams: OriginSet;
  readonly #pseudonym: string;
  readonly #generations: Generations;
  readonly #contacts: Contacts;
  readonly #invalidations: Invalidations;
  readonly #representations: Representations;
  readonly #validation: Validation;
  readonly #shares: ClientShares;
  readonly #standing: StandingRooms;

  /** `pseudonym` names this process in Via: a request that carries it has come back to us. */
  constructor(services: CacheServices, upstreams: OriginSet, pseudonym: string) {
    this.#services = services;
    this.#upstreams = upstreams;
    this.#pseudonym = pseudonym;
    this.#generations = new Generations(services, (object) => {
      void this.#contacts.forget(responseKey(object.origin, object.uri));
    });
    this.#invalidations = new Invalidations(services.purges);
    this.#contacts = new Contacts(services, this.#generations, this.#invalidations);
    this.#representations = new Representations(services, this.#generations);
    this.#validation = new Validation(services, this.#representations, (...asking) =>
      this.#ask(...asking),
    );
    this.#shares = new ClientShares(SHARE_PER_LANE * services.pools.fill.baseLaneCount, () => {
      services.events.clientShareFull();
    });
    this.#standing = {
      services,
      generations: this.#generations,
      upstreamOf: (name) => upstreams.get(name),
      bodyOf: (request, hit) => this.#bodyOf(request, hit),
    };
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

  /** Takes an object out; its stored responses are the caller's to delete. */
  purge(identity: ObjectIdentity): Promise<void> {
    return this.#generations.purge(identity);
  }

  lookup(request: CacheRequest): Promise<CacheAnswer> {
    return this.#lookup(request, {});
  }

  /**
   * Answers with an object that somebody else has found out about: the origin is asked for the bytes
   * that miss, and for nothing else. Whether the client may have it was the caller's to decide.
   */
  async answerWith(request: CacheRequest, known: KnownObject): Promise<CacheAnswer> {
    const { stored, source, detail } = known;
    const { upstream } = source;
    const share = request.client === undefined ? undefined : this.#shares.of(request.client);
    const key = responseKey(upstream.name, source.uri);
    const facts = { epoch: this.#invalidations.epochOf(key), record: undefined };
    const asked: Asked = {
      request,
      upstream,
      source,
      key,
      share,
      cost: new Cost(),
      ...FIRST,
      ...facts,
    };
    return this.#representations.known(asked, stored, detail);
  }

  async invalidate({ origin, target }: UnsafeRequest, response: UnsafeResponse): Promise<void> {
    const targetUri = this.#upstreams.get(origin)?.uriOf(target);
    if (targetUri === undefined) return;
    const uris = invalidatedUris(targetUri, response.status, response.headers);
    // One server may be configured as several origins: what it changed is stale under each.
    const keys = uris.flatMap((uri) =>
      this.#upstreams.all
        .filter((upstream) => uri.startsWith(upstream.uriOf('')))
        .map((upstream) => responseKey(upstream.name, uri)),
    );
    for (const key of keys) this.#invalidations.invalidate(key);
    await Promise.all(keys.map((key) => this.#contacts.forget(key)));
  }

  async #lookup(request: CacheRequest, how: Partial<Turn>): Promise<CacheAnswer> {
    const upstream = this.#upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    if (viaNames(request.headers, this.#pseudonym)) throw looped();
    const pin = upstream.pinnedDigest(request.target);
    // What an adapter asks for itself it reads, and tells clients of in words of its own.
    const isContent = request.asking === undefined;
    if (isContent && upstream.integrity === 'strict' && pin === null) throw unattested();
    const uri = upstream.uriOf(request.target);
    const key = responseKey(upstream.name, uri);
    const epoch = this.#invalidations.epochOf(key);
    const record = ofKind(await this.#services.responses.get(key), kindFor(request.asking));
    const asked = { ...this.#asked(request, upstream, key, record), epoch, ...how };
    const isClaimed = (one: StoredResponse): boolean => isClaimedAs(one, pin);
    const stored = select(record, request.headers, isClaimed, this.#services.tag);
    if (stored !== undefined) return this.#answerStored(asked, stored);
    const arriving = this.#contacts.arriving(asked);
    if (arriving !== undefined) {
      return this.#representations.fromContact(asked, arriving, true, 'uri-miss');
    }
    refuseOnlyIfCached(request);
    if (record === undefined) return this.#ask(asked, 'uri-miss', []);
    // Another variant may be what the origin would select for this request too (section 4.1).
    const others = record.variants.filter((one) => isClaimed(one) && isOfferable(one));
    return this.#ask(asked, 'vary-miss', others);
  }

  #asked(
    request: CacheRequest,
    upstream: Upstream,
    key: ResponseKey,
    record: ResponseRecord | undefined,
  ): Asked {
    const uri = upstream.uriOf(request.target);
    const source = upstream.source(uri, request.asking?.headers ?? request.headers);
    const share = request.client === undefined ? undefined : this.#shares.of(request.client);
    const epoch = this.#invalidations.epochOf(key);
    const cost = new Cost();
    return { request, upstream, source, key, epoch, ...FIRST, record, share, cost };
  }

  #bodyOf(request: CacheRequest, hit: HitSource): Body {
    const asked = this.#asked(request, hit.upstream, hit.key, hit.record);
    return new RepresentationBody(hit.generation, wantOf(asked), asked.cost);
  }

  async #answerStored(asked: Asked, stored: StoredResponse): Promise<CacheAnswer> {
    const { request } = asked;
    // Parts of it cannot be fetched again: with one evicted it is no use.
    if (!isJoinable(stored) && !(await this.#representations.isWhole(asked, stored))) {
      refuseOnlyIfCached(request);
      return this.#ask(asked, 'miss', []);
    }
    const found = assess(stored, request.headers, steadyNow(this.#services.clock));
    if (found.kind === 'validate') {
      refuseOnlyIfCached(request);
      return this.#validation.validate(asked, stored, found);
    }
    const { ageSeconds, ttlSeconds } = found;
    const generation = await this.#representations.open(asked, stored);
    try {
      const spans = chunksOf(request, generation);
      const held = spans.every(({ first, end }) => generation.holds(first, end));
      if (!held) refuseOnlyIfCached(request);
      if (!held && found.kind === 'stale') return await this.#ask(asked, 'stale', [stored]);
      const isBeside = found.kind === 'stale' && found.why === 'stale-while-revalidate';
      if (isBeside) this.#validation.validateBeside(asked, stored);
      const [{ first }] = spans;
      const nothing = !generation.holds(first, first + 1);
      const { isStoring } = this.#services.chunks;
      const answer = this.#representations.answer(asked, stored, generation, (unverified) => ({
        outcome: held
          ? {
              kind: 'hit',
              unverified,
              ttlSeconds,
              ...(found.kind === 'stale' && { detail: found.why }),
            }
          : forward({ reason: nothing ? 'miss' : 'partial', ...fateOf(isStoring), unverified }),
        ageSeconds,
      }));
      const { upstream, key, record } = asked;
      if (!held || found.kind !== 'fresh' || record === undefined) return answer;
      const source = { upstream, key, record, stored, generation };
      return { ...answer, standing: standingHit(source, this.#standing) };
    } finally {
      generation.release();
    }
  }

  /** Asks the origin, with others that ask the same at the same time where that is allowed. */
  async #ask(
    asked: Asked,
    reason: ForwardReason,
    candidates: readonly StoredResponse[],
  ): Promise<CacheAnswer> {
    const reply = await this.#contacts.ask(asked, candidates);
    if (reply.kind === 'not-shared') return this.#lookup(asked.request, { alone: true });
    if (reply.kind === 'stored-since') return this.#lookup(asked.request, { again: true });
    const { result, collapsed } = reply;
    if (result.kind === 'representation') {
      return this.#representations.fromContact(asked, result, collapsed, reason);
    }
    if (candidates.length === 0) return passedOn(result, reason);
    return this.#confirm(asked, reason, candidates, result, collapsed);
  }

  /** A 304: one of the `candidates` is the answer. What it changes of the record, the contact did. */
  async #confirm(
    asked: Asked,
    reason: ForwardReason,
    candidates: readonly StoredResponse[],
    result: NotModified,
    collapsed: boolean,
  ): Promise<CacheAnswer> {
    const selection = selectValidated(candidates, result);
    if (selection.kind === 'none') return this.#ask(asked, reason, []);
    const updates = selection.kind === 'update';
    const stored = updates
      ? refreshed(selection.stored, result, {
          headers: asked.request.headers,
          tag: this.#services.tag,
        })
      : selection.stored;
    // A cookie goes to whom it was sent to, and to nobody else.
    const cookie = collapsed ? undefined : result.headers['set-cookie'];
    const own = cookie === undefined ? {} : { 'set-cookie': cookie };
    const headers = Object.assign(emptyHeaders(), stored.headers, own);
    const generation = await this.#representations.open(asked, stored);
    try {
      const fate = updates ? fateOf(this.#services.chunks.isStoring) : {};
      return this.#representations.answer(asked, stored, generation, (unverified) => ({
        outcome: forward({ reason, originStatus: 304, ...fate, collapsed, unverified }),
        ageSeconds: null,
        headers,
      }));
    } finally {
      generation.release();
    }
  }
}

type NotModified = Extract<Contact, { kind: 'not-modified' }>;

function unattested(): ForebayError {
  const message = 'the origin is strict and no digest vouches for this object';
  return new ForebayError('origin-unattested', message, { source: 'origin', retryable: false });
}
