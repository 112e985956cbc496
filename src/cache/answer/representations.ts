/**
 * Answers from representations: opens the generation that holds a response's bytes and makes the body
 * that is read from it. Owned by Cache; its answers come from here whatever was stored or asked.
 */
import type { TargetSource } from '../../origin/upstream.js';
import { within } from '../../model/deferred.js';
import type { HeaderMap } from '../../model/headers.js';
import type { StoredResponse } from '../../model/response.js';
import type { CacheAnswer } from '../api/answer.js';
import { chunksOf, forward, refuseOnlyIfCached } from './answers.js';
import { type Asked, wantOf } from '../fetch/asked.js';
import { toldFields } from '../rfc9111/chain.js';
import { withDigests } from '../object/digest-fields.js';
import type { Generation } from '../object/generation.js';
import type { Generations } from '../object/generations.js';
import type { CacheOutcome, ForwardReason } from '../api/outcome.js';
import { RepresentationBody } from '../body/reader.js';
import type { CacheServices } from '../api/services.js';
import type { Representation } from '../fetch/sharing.js';
import { boundOf } from '../flight/want.js';

/** What an answer says beside its bytes. */
export interface Said {
  readonly outcome: CacheOutcome;
  /** `null` for a response that has just come from the origin, or was confirmed there. */
  readonly ageSeconds: number | null;
  /** Fields for this request alone, where they differ from the stored ones. */
  readonly headers?: HeaderMap;
}

/** What Cache-Status says of storing. */
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
  readonly source: TargetSource;
  /** For Cache-Status: why it is served although the origin did not confirm it. */
  readonly detail?: string | undefined;
}

export class Representations {
  readonly #services: CacheServices;
  readonly #generations: Generations;

  constructor(services: CacheServices, generations: Generations) {
    this.#services = services;
    this.#generations = generations;
  }

  /** The generation of a stored response, retained once for the caller. */
  open(asked: Asked, stored: StoredResponse): Promise<Generation> {
    const want = wantOf(asked);
    return this.#generations.open(stored.object, { ephemeral: false, want });
  }

  /** True when every chunk of a stored response is held. */
  async isWhole(asked: Asked, stored: StoredResponse): Promise<boolean> {
    const generation = await this.open(asked, stored);
    const whole = generation.holds(0, Infinity);
    generation.release();
    return whole;
  }

  /** An answer with the bytes of `generation`. `say` is told whether they are yet to be checked. */
  answer(
    asked: Asked,
    stored: StoredResponse,
    generation: Generation,
    say: (unverified: boolean) => Said,
  ): CacheAnswer {
    const { kind } = generation.integrity.state;
    const said = say(kind === 'pending');
    const { outcome, ageSeconds } = said;
    const body = new RepresentationBody(generation, wantOf(asked), asked.cost);
    const chained = toldFields(said.headers ?? stored.headers, stored);
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

  /** An answer with an object that is known without a response of its URL: what misses is fetched. */
  async known(asked: Asked, stored: StoredResponse, detail?: string): Promise<CacheAnswer> {
    const { request } = asked;
    const generation = await this.open(asked, stored);
    try {
      const spans = chunksOf(request, generation);
      const held = spans.every(({ first, end }) => generation.holds(first, end));
      if (!held) refuseOnlyIfCached(request);
      const [{ first }] = spans;
      const reason = generation.holds(first, first + 1) ? 'partial' : 'miss';
      const { isStoring } = this.#services.chunks;
      return this.answer(asked, stored, generation, (unverified) => ({
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

  /** The answer that a contact brought. */
  async fromContact(
    asked: Asked,
    result: Representation,
    collapsed: boolean,
    reason: ForwardReason,
  ): Promise<CacheAnswer> {
    const { generation, stored, originStatus, received } = result;
    generation.retain();
    try {
      await this.#awaitLength(asked, generation);
      const fate = await this.#fate(asked, generation);
      return this.answer(asked, stored, generation, (unverified) => ({
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

  /** Whether what a contact brought is kept, as far as that is known when its first bytes have a place. */
  async #fate(asked: Asked, generation: Generation): Promise<Fate> {
    if (generation.ephemeral) return NOT_STORABLE;
    const { chunks } = this.#services;
    const [{ first }] = chunksOf(asked.request, generation);
    const flight = generation.flight(first);
    if (flight === undefined) return fateOf(chunks.isStoring);
    // Counted among its readers: what lies in memory goes with the last of them.
    const leave = flight.await();
    try {
      const state = await within(flight.begun, boundOf(this.#services, asked.request.signal));
      const isInMemory =
        state.kind === 'receiving'
          ? state.draft.placement === 'memory'
          : state.kind === 'ended' && state.end.kind === 'uncached';
      return fateOf(!isInMemory && chunks.isStoring);
    } finally {
      leave();
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
}
