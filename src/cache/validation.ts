/**
 * What follows when a stored response may not answer as it is: it is validated at the origin, beside
 * the answer where it may be used meanwhile, and may answer stale where that fails and nothing
 * forbids it (RFC 9111 sections 4.2.4 and 4.3, RFC 5861). Owned by Cache.
 */
import { ForebayError } from '../model/errors.js';
import type { StoredResponse } from '../model/response.js';
import type { CacheAnswer } from './answer.js';
import { chunksOf, forward } from './answers.js';
import type { Asked } from './asked.js';
import { type Assessment, isErrorStatus } from './assess.js';
import { Background } from './background.js';
import { Cost } from './cost.js';
import type { CacheServices } from './services.js';
import type { Generation } from './generation.js';
import type { ForwardReason } from './outcome.js';
import type { Representations } from './representations.js';
import { variantName } from './select.js';
import { isDisconnected } from './verdict.js';

/** Asks the origin on behalf of a request, offering it what is stored. */
export type AskOrigin = (
  asked: Asked,
  reason: ForwardReason,
  candidates: readonly StoredResponse[],
) => Promise<CacheAnswer>;

type Validate = Extract<Assessment, { kind: 'validate' }>;

const NEVER = new AbortController().signal;

export class Validation {
  readonly #representations: Representations;
  readonly #ask: AskOrigin;
  readonly #background: Background;

  constructor(services: CacheServices, representations: Representations, ask: AskOrigin) {
    this.#representations = representations;
    this.#ask = ask;
    this.#background = new Background((error) => {
      services.events.warn('a validation beside its answer failed', error);
    });
  }

  /** Asks whether `stored` is still right, and answers with what comes of that. */
  async validate(asked: Asked, stored: StoredResponse, found: Validate): Promise<CacheAnswer> {
    const { onFailure, reason } = found;
    if (onFailure === 'never') return this.#ask(asked, reason, [stored]);
    // Opened before: nothing is waited for between an answer and the first look at its body.
    const generation = await this.#representations.open(asked, stored);
    try {
      const answer = await this.#ask(asked, reason, [stored]);
      if (onFailure !== 'error-status' || !isErrorStatus(answer.status)) return answer;
      const failure = { detail: 'stale-if-error', originStatus: answer.status };
      const instead = this.#answerStale(asked, stored, generation, found, failure);
      if (instead === undefined) return answer;
      answer.body.close();
      return instead;
    } catch (error) {
      if (!(error instanceof ForebayError) || !isDisconnected(error)) throw error;
      const failure = { detail: error.code, originStatus: null };
      const instead = this.#answerStale(asked, stored, generation, found, failure);
      if (instead === undefined) throw error;
      return instead;
    } finally {
      generation.release();
    }
  }

  /** Validates what has answered already: once at a time, and nobody waits for it. */
  validateBeside(asked: Asked, stored: StoredResponse): void {
    const key = `${asked.key} ${variantName(stored.requestHeaders)}`;
    this.#background.run(key, async () => {
      // As a request of its own: the one that it comes of ends before.
      const hint = { kind: 'whole' } as const;
      const request = { ...asked.request, hint, signal: NEVER, span: undefined };
      const own = { ...asked, request, share: undefined, cost: new Cost() };
      const answer = await this.#ask(own, 'stale', [stored]);
      answer.body.close();
    });
  }

  /** The stored response in place of a failure; `undefined` where its bytes are not all there. */
  #answerStale(
    asked: Asked,
    stored: StoredResponse,
    generation: Generation,
    { ageSeconds }: Validate,
    failure: { readonly detail: string; readonly originStatus: number | null },
  ): CacheAnswer | undefined {
    const spans = chunksOf(asked.request, generation);
    if (!spans.every(({ first, end }) => generation.holds(first, end))) return undefined;
    return this.#representations.answer(asked, stored, generation, (unverified) => ({
      outcome: forward({ reason: 'stale', unverified, ...failure }),
      ageSeconds,
    }));
  }
}
