/**
 * The entry point of the cache: answers a request from a stored response, after validation, or from
 * an origin fetch, and collapses concurrent requests. Decides with metadata alone; the bytes are
 * read through the answer's Body. Called by the HTTP front and the hub.
 */
import { holdsChunks } from '../object/holds-chunks.js';
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
} from '../api/facade.js';
import { chunksOf, forward, passedAnswer, refuseOnlyIfCached } from './answers.js';
import { type RequestContext, FIRST, type Turn, fetchContextOf } from '../fetch/request-context.js';
import { assess } from '../rfc9111/assess.js';
import { ClientQuotas, QUOTA_PER_LANE } from '../flight/client-quota.js';
import { Cost } from '../flight/cost.js';
import type { OriginFetch } from '../fetch/origin-fetch.js';
import { ResponseRecording } from '../fetch/response-recording.js';
import { CollapsedFetches } from '../fetch/collapsed-fetches.js';
import { Generations } from '../object/generations.js';
import { invalidatedUris, Invalidations } from '../api/invalidation.js';
import { looped, viaNames } from '../../origin/via.js';
import type { ForwardReason } from '../api/outcome.js';
import { RepresentationBody } from '../body/reader.js';
import { kindFor, ofKind } from '../api/record.js';
import { fateOf, type KnownObject, Representations } from './representations.js';
import { select } from '../rfc9111/select.js';
import type { CacheServices } from '../api/services.js';
import { type HitSource, reusableHit, type ReusableHitDeps } from './reusable-hit.js';
import { isClaimedAs, isJoinable, isOfferable } from '../rfc9111/stored-digests.js';
import { refreshed, selectValidated } from '../rfc9111/validate.js';
import { Validation } from './validation.js';

/**
 * The longest that a shutdown waits for fetches without readers: enough for a chunk at 2 MiB/s. A
 * chunk that takes longer is fetched again after the restart.
 */
const CLOSE_WAIT_MS = 4_000;

/** The origins configured now. A request keeps the one that it found. */
export interface OriginSet {
  get(name: string): Upstream | undefined;
  readonly all: readonly Upstream[];
}

export class Cache implements CacheFacade {
  readonly #services: CacheServices;
  readonly #upstreams: OriginSet;
  readonly #pseudonym: string;
  readonly #generations: Generations;
  readonly #fetches: CollapsedFetches;
  readonly #invalidations: Invalidations;
  readonly #recording: ResponseRecording;
  readonly #representations: Representations;
  readonly #validation: Validation;
  readonly #quotas: ClientQuotas;
  readonly #reusable: ReusableHitDeps;

  /** `pseudonym` names this process in Via: a request whose Via has it already is a loop. */
  constructor(services: CacheServices, upstreams: OriginSet, pseudonym: string) {
    this.#services = services;
    this.#upstreams = upstreams;
    this.#pseudonym = pseudonym;
    this.#generations = new Generations(services, (object) => {
      void this.#recording.forget(responseKey(object.origin, object.uri));
    });
    this.#invalidations = new Invalidations(services.purges);
    this.#recording = new ResponseRecording(services, this.#invalidations);
    this.#fetches = new CollapsedFetches(services, this.#generations, this.#recording);
    this.#representations = new Representations(services, this.#generations);
    this.#validation = new Validation(services, this.#representations, (...request) =>
      this.#ask(...request),
    );
    this.#quotas = new ClientQuotas(QUOTA_PER_LANE * services.pools.fill.baseLaneCount, () => {
      services.events.clientShareFull();
    });
    this.#reusable = {
      services,
      generations: this.#generations,
      upstreamOf: (name) => upstreams.get(name),
      bodyOf: (request, hit) => this.#bodyOf(request, hit),
    };
  }

  /** Waits, within a bound, until fetches in progress are committed; then closes idle objects. */
  async close(): Promise<void> {
    const { clock, events } = this.#services;
    const late = (): Error => new Error('fetches were still running');
    const bound = { clock, ms: CLOSE_WAIT_MS, timedOut: late, aborted: late };
    await within(this.#generations.quiet(), bound).catch((error: unknown) => {
      events.warn('the cache closes before all fetched chunks are committed', error);
    });
    this.#generations.closeIdle();
  }

  /** Removes an object. The caller deletes its stored responses. */
  purge(identity: ObjectIdentity): Promise<void> {
    return this.#generations.purge(identity);
  }

  lookup(request: CacheRequest): Promise<CacheAnswer> {
    return this.#lookup(request, {});
  }

  /**
   * Answers with an object whose metadata the caller knows. Only missing bytes are requested from
   * the origin. The caller must have decided that the client may read the object.
   */
  async answerWith(request: CacheRequest, known: KnownObject): Promise<CacheAnswer> {
    const { stored, source, detail } = known;
    const { upstream } = source;
    const quota = request.client === undefined ? undefined : this.#quotas.of(request.client);
    const key = responseKey(upstream.name, source.uri);
    const state = { epoch: this.#invalidations.epochOf(key), record: undefined };
    const own = { quota, cost: new Cost(), ...FIRST, ...state };
    const context: RequestContext = { request, upstream, source, key, ...own };
    return this.#representations.known(context, stored, detail);
  }

  async invalidate({ origin, target }: UnsafeRequest, response: UnsafeResponse): Promise<void> {
    const targetUri = this.#upstreams.get(origin)?.uriOf(target);
    if (targetUri === undefined) return;
    const uris = invalidatedUris(targetUri, response.status, response.headers);
    // One server may be configured as several origins: the URL is invalidated under each of them.
    const keys = uris.flatMap((uri) =>
      this.#upstreams.all
        .filter((upstream) => uri.startsWith(upstream.uriOf('')))
        .map((upstream) => responseKey(upstream.name, uri)),
    );
    for (const key of keys) this.#invalidations.invalidate(key);
    await Promise.all(keys.map((key) => this.#recording.forget(key)));
  }

  async #lookup(request: CacheRequest, turn: Partial<Turn>): Promise<CacheAnswer> {
    const upstream = this.#upstreams.get(request.origin);
    if (upstream === undefined) throw new RangeError(`no origin named ${request.origin}`);
    if (viaNames(request.headers, this.#pseudonym)) throw looped();
    const pin = upstream.pinnedDigest(request.target);
    // An adapter reads the responses itself, and answers its clients with content of its own.
    const isContent = request.adapter === undefined;
    if (isContent && upstream.integrity === 'strict' && pin === null) throw unattested();
    const uri = upstream.uriOf(request.target);
    const key = responseKey(upstream.name, uri);
    const epoch = this.#invalidations.epochOf(key);
    const record = ofKind(await this.#services.responses.get(key), kindFor(request.adapter));
    const context = { ...this.#contextOf(request, upstream, key, record), epoch, ...turn };
    const isClaimed = (one: StoredResponse): boolean => isClaimedAs(one, pin);
    const stored = select(record, request.headers, isClaimed, this.#services.tag);
    if (stored !== undefined) return this.#answerStored(context, stored);
    const arriving = this.#fetches.arriving(context);
    if (arriving !== undefined) {
      return this.#representations.fromOriginFetch(context, arriving, true, 'uri-miss');
    }
    refuseOnlyIfCached(request);
    if (record === undefined) return this.#ask(context, 'uri-miss', []);
    // The origin may select a stored variant of another request for this one too (section 4.1).
    const others = record.variants.filter((one) => isClaimed(one) && isOfferable(one));
    return this.#ask(context, 'vary-miss', others);
  }

  #contextOf(
    request: CacheRequest,
    upstream: Upstream,
    key: ResponseKey,
    record: ResponseRecord | undefined,
  ): RequestContext {
    const uri = upstream.uriOf(request.target);
    const source = upstream.source(uri, request.adapter?.headers ?? request.headers);
    const quota = request.client === undefined ? undefined : this.#quotas.of(request.client);
    const epoch = this.#invalidations.epochOf(key);
    const cost = new Cost();
    return { request, upstream, source, key, epoch, ...FIRST, record, quota, cost };
  }

  #bodyOf(request: CacheRequest, hit: HitSource): Body {
    const context = this.#contextOf(request, hit.upstream, hit.key, hit.record);
    return new RepresentationBody(hit.generation, fetchContextOf(context), context.cost);
  }

  async #answerStored(context: RequestContext, stored: StoredResponse): Promise<CacheAnswer> {
    const { request } = context;
    // Chunks of such a response cannot be fetched again: it is useless once one of them is evicted.
    if (!isJoinable(stored) && !(await this.#representations.isWhole(context, stored))) {
      refuseOnlyIfCached(request);
      return this.#ask(context, 'miss', []);
    }
    const found = assess(stored, request.headers, steadyNow(this.#services.clock));
    if (found.kind === 'validate') {
      refuseOnlyIfCached(request);
      return this.#validation.validate(context, stored, found);
    }
    const { ageSeconds, ttlSeconds } = found;
    const generation = await this.#representations.open(context, stored);
    try {
      const spans = chunksOf(request, generation);
      const held = spans.every(({ first, end }) => holdsChunks(generation, first, end));
      if (!held) refuseOnlyIfCached(request);
      if (!held && found.kind === 'stale') return await this.#ask(context, 'stale', [stored]);
      const isBeside = found.kind === 'stale' && found.why === 'stale-while-revalidate';
      if (isBeside) this.#validation.validateBeside(context, stored);
      const [{ first }] = spans;
      const nothing = !holdsChunks(generation, first, first + 1);
      const { isStoring } = this.#services.chunks;
      const answer = this.#representations.answer(context, stored, generation, (unverified) => ({
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
      const { upstream, key, record } = context;
      if (!held || found.kind !== 'fresh' || record === undefined) return answer;
      const source = { upstream, key, record, stored, generation };
      return { ...answer, reusable: reusableHit(source, this.#reusable) };
    } finally {
      generation.release();
    }
  }

  /** Makes the answer from an origin fetch, which may be shared with concurrent requests. */
  async #ask(
    context: RequestContext,
    reason: ForwardReason,
    candidates: readonly StoredResponse[],
  ): Promise<CacheAnswer> {
    const reply = await this.#fetches.ask(context, candidates);
    if (reply.kind === 'not-shared') return this.#lookup(context.request, { alone: true });
    if (reply.kind === 'stored-since') return this.#lookup(context.request, { again: true });
    const { result, collapsed } = reply;
    if (result.kind === 'representation') {
      return this.#representations.fromOriginFetch(context, result, collapsed, reason);
    }
    if (candidates.length === 0) return passedAnswer(result, reason);
    return this.#confirm(context, reason, candidates, result, collapsed);
  }

  /** Answers with the candidate that a 304 confirms. The fetch has updated the record already. */
  async #confirm(
    context: RequestContext,
    reason: ForwardReason,
    candidates: readonly StoredResponse[],
    result: NotModified,
    collapsed: boolean,
  ): Promise<CacheAnswer> {
    const selection = selectValidated(candidates, result);
    if (selection.kind === 'none') return this.#ask(context, reason, []);
    const isUpdate = selection.kind === 'update';
    const stored = isUpdate
      ? refreshed(selection.stored, result, {
          headers: context.request.headers,
          tag: this.#services.tag,
        })
      : selection.stored;
    // A cookie is sent only to the client whose request the origin answered.
    const cookie = collapsed ? undefined : result.headers['set-cookie'];
    const own = cookie === undefined ? {} : { 'set-cookie': cookie };
    const headers = Object.assign(emptyHeaders(), stored.headers, own);
    const generation = await this.#representations.open(context, stored);
    try {
      const fate = isUpdate ? fateOf(this.#services.chunks.isStoring) : {};
      return this.#representations.answer(context, stored, generation, (unverified) => ({
        outcome: forward({ reason, originStatus: 304, ...fate, collapsed, unverified }),
        ageSeconds: null,
        headers,
      }));
    } finally {
      generation.release();
    }
  }
}

type NotModified = Extract<OriginFetch, { kind: 'not-modified' }>;

function unattested(): ForebayError {
  const message = 'the origin has integrity "strict", but no digest is configured for this object';
  return new ForebayError('origin-unattested', message, { source: 'origin', retryable: false });
}
