/**
 * Makes answers from representations: opens the generation that has a response's bytes, and makes
 * the body that is read from it. Owned by Cache, for stored and for fetched responses.
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

/** The metadata of an answer. */
export interface AnswerMeta {
  readonly outcome: CacheOutcome;
  /** `null` for a response that the origin has just sent or confirmed. */
  readonly ageSeconds: number | null;
  /** Fields for this request alone, if they differ from the stored ones. */
  readonly headers?: HeaderMap;
}

/** Whether the response is stored and, if not, why: as Cache-Status reports it. */
export type Fate = Pick<Extract<CacheOutcome, { kind: 'forward' }>, 'stored' | 'detail'>;

const NOT_STORABLE: Fate = { stored: false, detail: 'not-storable' };

/**
 * Returns the fate of a response that may be stored: `not-kept` when the disk does not take it, or
 * has no space.
 */
export function fateOf(isKept: boolean): Fate {
  return isKept ? { stored: true, detail: null } : { stored: false, detail: 'not-kept' };
}

/** An object whose metadata is known (room `hub`). */
export interface KnownObject {
  readonly stored: StoredResponse;
  /** The origin of its missing bytes, with the credentials to fetch them. */
  readonly source: OriginLocator;
  /** For Cache-Status: the reason why it is served without confirmation by the origin. */
  readonly detail?: StaleReason | undefined;
}

export class Representations {
  readonly #services: CacheServices;
  readonly #generations: Generations;

  constructor(services: CacheServices, generations: Generations) {
    this.#services = services;
    this.#generations = generations;
  }

  /** Resolves to the generation of a stored response, retained once for the caller. */
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

  /**
   * Makes an answer with the bytes of `generation`. `describe` is called with true if the check of
   * their digest is still pending.
   */
  answer(
    context: RequestContext,
    stored: StoredResponse,
    generation: Generation,
    describe: (unverified: boolean) => AnswerMeta,
  ): CacheAnswer {
    const { kind } = generation.integrity.state;
    const meta = describe(kind === 'pending');
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

  /** Makes an answer with an object that the caller knows. Only its missing bytes are fetched. */
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

  /** Makes the answer from an origin fetch. */
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
   * Resolves to whether a fetched response is stored. It is decided when the first requested chunk
   * has its place on the disk or in memory.
   */
  async #fate(context: RequestContext, generation: Generation): Promise<Fate> {
    if (generation.isEphemeral) return NOT_STORABLE;
    const { chunks } = this.#services;
    const [{ first }] = chunksOf(context.request, generation);
    const flight = generation.flight(first);
    if (flight === undefined) return fateOf(chunks.isStoring);
    // Counted as a waiter, because a chunk in memory is dropped when its last waiter leaves.
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

  /** Waits for the end of an object of unknown length, which a range of it needs to be resolved. */
  async #awaitLength({ request }: RequestContext, generation: Generation): Promise<void> {
    const { kind } = request.hint;
    if (generation.lengthBytes !== null || kind === 'whole' || kind === 'none') return;
    // An ephemeral object would be gone by then: it is answered whole (RFC 9110 section 14.2).
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
