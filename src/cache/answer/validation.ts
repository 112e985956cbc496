/**
 * What follows when a stored response may not answer as it is: it is validated at the origin, beside
 * the answer where it may be used meanwhile, and may answer stale where that fails and nothing
 * forbids it (RFC 9111 sections 4.2.4 and 4.3, RFC 5861). Owned by Cache.
 */
import { deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { StoredResponse } from '../../model/response.js';
import type { Clock } from '../../model/time.js';
import type { CacheAnswer } from '../api/answer.js';
import { chunksOf, forward } from './answers.js';
import type { Asked } from '../fetch/asked.js';
import { type Assessment, isErrorStatus } from '../rfc9111/assess.js';
import { Background } from './background.js';
import { Cost } from '../flight/cost.js';
import type { CacheServices } from '../api/services.js';
import type { Generation } from '../object/generation.js';
import type { ForwardReason } from '../api/outcome.js';
import type { Representations } from './representations.js';
import { variantName } from '../rfc9111/select.js';
import { isDisconnected } from '../../origin/verdict.js';

/** Asks the origin on behalf of a request, offering it what is stored. */
export type AskOrigin = (
  asked: Asked,
  reason: ForwardReason,
  candidates: readonly StoredResponse[],
) => Promise<CacheAnswer>;

type Validate = Extract<Assessment, { kind: 'validate' }>;

/**
 * How long a stale response that may stand in for an origin that cannot be reached waits for one that
 * says nothing: longer than a validation takes over a slow line, shorter than clients are patient.
 */
const SILENCE_MS = 2_000;

const NEVER = new AbortController().signal;

export class Validation {
  readonly #representations: Representations;
  readonly #ask: AskOrigin;
  readonly #background: Background;
  readonly #clock: Clock;
  readonly #patienceMs: number;

  constructor(services: CacheServices, representations: Representations, ask: AskOrigin) {
    this.#representations = representations;
    this.#ask = ask;
    this.#clock = services.clock;
    this.#patienceMs = services.limits.fetch.firstByteTimeoutMs;
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
      const answer = holds(asked, generation)
        ? await this.#askWithin(asked, stored, found)
        : await this.#ask(asked, reason, [stored]);
      if (onFailure !== 'error-status' || !isErrorStatus(answer.status)) return answer;
      const failure = { detail: 'stale-if-error', originStatus: answer.status };
      const instead = this.#answerStale(asked, stored, generation, found, failure);
      if (instead === undefined) return answer;
      answer.body.close();
      return instead;
    } catch (error) {
      if (!(error instanceof ForebayError)) throw error;
      const failure = failureOf(error, found);
      if (failure === undefined) throw error;
      const instead = this.#answerStale(asked, stored, generation, found, failure);
      if (instead === undefined) throw error;
      return instead;
    } finally {
      generation.release();
    }
  }

  /**
   * Asks while a stale response waits to stand in: gives up at the first attempt that fails in a way
   * that lets it, and after `SILENCE_MS` unless it is patient. The contact goes on, and what it brings is stored.
   */
  #askWithin(asked: Asked, stored: StoredResponse, found: Validate): Promise<CacheAnswer> {
    const trouble = deferred<never>();
    const troubled = (error: ForebayError): void => {
      if (failureOf(error, found) !== undefined) trouble.reject(error);
    };
    const asking = this.#ask({ ...asked, troubled }, found.reason, [stored]);
    const bound = {
      clock: this.#clock,
      ms: asked.request.asking?.isPatient === true ? this.#patienceMs : SILENCE_MS,
      timedOut: silent,
      aborted: silent,
    };
    return within(Promise.race([asking, trouble.promise]), bound).catch((error: unknown) => {
      // Nobody reads what it may still answer with.
      void asking.then(
        (answer) => {
          answer.body.close();
        },
        () => undefined,
      );
      throw error;
    });
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
    { ageSeconds, ttlSeconds }: Validate,
    failure: Failure,
  ): CacheAnswer | undefined {
    if (!holds(asked, generation)) return undefined;
    return this.#representations.answer(asked, stored, generation, (unverified) => ({
      // Of an origin that was left alone nothing was asked (RFC 9211 section 2.2).
      outcome:
        failure.detail === 'origin-busy'
          ? { kind: 'hit', unverified, ttlSeconds, detail: failure.detail }
          : forward({ reason: 'stale', unverified, ...failure }),
      ageSeconds,
    }));
  }
}

/** True when the request needs nothing from the origin but its word. */
function holds({ request }: Asked, generation: Generation): boolean {
  return chunksOf(request, generation).every(({ first, end }) => generation.holds(first, end));
}

interface Failure {
  readonly detail: string;
  readonly originStatus: number | null;
}

/** What Cache-Status says of an error that lets a stale response stand in; `undefined` for others. */
function failureOf(error: ForebayError, { onFailure }: Validate): Failure | undefined {
  if (isDisconnected(error)) return { detail: error.code, originStatus: null };
  const status = error.originStatus ?? null;
  if (onFailure !== 'error-status' || status === null || !isErrorStatus(status)) return undefined;
  return { detail: 'stale-if-error', originStatus: status };
}

function silent(): ForebayError {
  return new ForebayError('origin-timeout', 'the origin says nothing', {
    source: 'origin',
    retryable: true,
  });
}
