/**
 * Makes answers from representations: opens the generation that holds a response's bytes and the
 * body that reads it. Owned by Cache; every answer with stored bytes comes from here.
 */
import type { OriginLocator } from '../../origin/upstream.js';
import { within } from '../../model/deferred.js';
import type { HeaderMap } from '../../model/headers.js';
import type { StoredResponse } from '../../model/response.js';
import type { CacheAnswer } from '../api/facade.js';
import { chunksOf, forward, refuseOnlyIfCached } from './answers.js';
import { type RequestContext, fetchContextOf } from '../fetch/request-context.js';
import { chainFields } from '../rfc9111/chain.js';
import { withDigests } from '../object/digest-fields.js';
import { holdsChunks } from '../object/holds-chunks.js';
import type { Generation } from '../object/generation.js';
import type { Generations } from '../object/generations.js';
import type { CacheOutcome, ForwardReason, StaleReason } from '../api/outcome.js';
import { RepresentationBody } from '../body/reader.js';
import type { CacheServices } from '../api/services.js';
import type { SharedRepresentation } from '../fetch/sharing.js';
import { boundOf } from '../flight/fetch-context.js';

/** What an answer has beside its bytes. */
export interface AnswerMeta {
  readonly outcome: CacheOutcome;
  /** `null` for a response that has just come from the origin, or was confirmed there. */
  readonly ageSeconds: number | null;
  /** Fields for this request alone, if they differ from the stored ones. */
  readonly headers?: HeaderMap;
}

/** The parameters of Cache-Status about storing. */
export type Fate = Pick<Extract<CacheOutcome, { kind: 'forward' }>, 'stored' | 'detail'>;

const NOT_STORABLE: Fate = { stored: false, detail: 'not-storable' };

/** `not-kept`: it may be stored, but the disk does not take it, or there is no room. */
export function fateOf(isKept: boolean): Fate {
  return isKept ? { stored: true, detail: null } : { stored: false, detail: 'not-kept' };
}

/** An object whose metadata is known (room `hub`). */
export interface KnownObject {
  readonly stored: StoredResponse;
  /** Where its missing bytes come from, and as whom. */
  readonly source: OriginLocator;
  /** For Cache-Status: why it is served although the origin did not confirm it. */
  readonly detail?: StaleReason | undefined;
}

export class Representations {
  readonly #services: CacheServices;
  readonly #generations: Generations;

  constructor(services: CacheServices, generations: Generations) {
    this.#services = services;
    this.#generations = generations;
  }

  /** The generation of a stored response, retained once for the caller. */
  open(context: RequestContext, stored: StoredResponse): Promise<Generation> {
    const fetchContext = fetchContextOf(context);
    return this.#generations.open(stored.object, { ephemeral: false, fetchContext });
  }

  /** True when every chunk of a stored response is held. */
  async isWhole(context: RequestContext, stored: StoredResponse): Promise<boolean> {
    const generation = await this.open(context, stored);
    const whole = holdsChunks(generation, 0, Infinity);
    generation.release();
    return whole;
  }

  /** An answer with the bytes of `generation`. `say` receives whether they are still unverified. */
  answer(
    context: RequestContext,
    stored: StoredResponse,
    generation: Generation,
    say: (unverified: boolean) => AnswerMeta,
  ): CacheAnswer {
    const { kind } = generation.integrity.state;
    const meta = say(kind === 'pending');
    const { outcome, ageSeconds } = meta;
    const body = new RepresentationBody(generation, fetchContextOf(context), context.cost);
    const chained = chainFields(meta.headers ?? stored.headers, stored);
    const headers = withDigests(chained, generation);
    const { status, order, responseTimeMs: receivedAtMs, object } = stored;
    return {
      status,
      headers,
      receivedAtMs,
      order,
      validator: object.validator,
      ageSeconds,
      outcome,
      body,
    };
  }

  /**
   * An answer with an object that is known without a response of its URL: what misses is fetched.
   */
  async known(
    context: RequestContext,
    stored: StoredResponse,
    detail?: StaleReason,
  ): Promise<CacheAnswer> {
    const { request } = context;
    const generation = await this.open(context, stored);
    try {
      const spans = chunksOf(request, generation);
      const held = spans.every(({ first, end }) => holdsChunks(generation, first, end));
      if (!held) refuseOnlyIfCached(request);
      const [{ first }] = spans;
      const reason = holdsChunks(generation, first, first + 1) ? 'partial' : 'miss';
      const { isStoring } = this.#services.chunks;
      return this.answer(context, stored, generation, (unverified) => ({
        outcome: held
          ? { kind: 'hit', unverified, ...(detail !== undefined && { detail }) }
          : forward({
              reason,
              ...fateOf(isStoring),
              unverified,
              ...(detail !== undefined && { detail }),
            }),
        ageSeconds: null,
      }));
    } finally {
      generation.release();
    }
  }

  /** The answer made of an origin fetch. */
  async fromOriginFetch(
    context: RequestContext,
    result: SharedRepresentation,
    collapsed: boolean,
    reason: ForwardReason,
  ): Promise<CacheAnswer> {
    const { generation, stored, originStatus, received } = result;
    generation.retain();
    try {
      await this.#awaitLength(context, generation);
      const fate = await this.#fate(context, generation);
      return this.answer(context, stored, generation, (unverified) => ({
        outcome: forward({
          reason,
          originStatus,
          ...fate,
          collapsed,
          unverified,
        }),
        ageSeconds: null,
        headers: collapsed ? stored.headers : received,
      }));
    } finally {
      generation.release();
    }
  }

  /**
   * Whether a fetched response is kept, as far as that is known when its first bytes have a
   * place.
   */
  async #fate(context: RequestContext, generation: Generation): Promise<Fate> {
    if (generation.isEphemeral) return NOT_STORABLE;
    const { chunks } = this.#services;
    const [{ first }] = chunksOf(context.request, generation);
    const flight = generation.flight(first);
    if (flight === undefined) return fateOf(chunks.isStoring);
    // Counted among its readers: what lies in memory goes with the last of them.
    const leave = flight.addWaiter();
    try {
      const state = await within(
        flight.whenStarted,
        boundOf(this.#services, context.request.signal),
      );
      const isInMemory =
        state.kind === 'receiving'
          ? state.draft.placement === 'memory'
          : state.kind === 'ended' && state.end.kind === 'uncached';
      return fateOf(!isInMemory && chunks.isStoring);
    } finally {
      leave();
    }
  }

  /** A range of an object of unknown length is defined only once it has arrived. */
  async #awaitLength({ request }: RequestContext, generation: Generation): Promise<void> {
    const { kind } = request.hint;
    if (generation.lengthBytes !== null || kind === 'whole' || kind === 'none') return;
    // An unstored object would be gone by then: the whole is sent (RFC 9110 section 14.2).
    if (generation.isEphemeral) return;
    const { intake } = generation;
    intake?.demand(Infinity);
    const error = await within(
      intake?.whenEnded ?? Promise.resolve(undefined),
      boundOf(this.#services, request.signal),
    );
    if (error !== undefined) throw error;
  }
}
