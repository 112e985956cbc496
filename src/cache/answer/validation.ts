/**
 * What happens when a stored response may not answer as it is. It is validated at the origin, in
 * the background if it may be used meanwhile. If the validation fails and nothing forbids it, it
 * answers stale (RFC 9111 sections 4.2.4 and 4.3, RFC 5861). Owned by Cache.
 */
import { NEVER, deferred, within } from '../../model/deferred.js';
import { ForebayError } from '../../model/errors.js';
import type { StoredResponse } from '../../model/response.js';
import type { Clock } from '../../model/time.js';
import type { CacheAnswer } from '../api/facade.js';
import { chunksOf, forward } from './answers.js';
import type { RequestContext } from '../fetch/request-context.js';
import { type Assessment, isErrorStatus } from '../rfc9111/assess.js';
import { Background } from './background.js';
import { Cost } from '../flight/cost.js';
import type { CacheServices } from '../api/services.js';
import { holdsChunks } from '../object/holds-chunks.js';
import type { Generation } from '../object/generation.js';
import type { ForwardReason, StaleReason } from '../api/outcome.js';
import type { Representations } from './representations.js';
import { variantName } from '../rfc9111/select.js';
import { isDisconnected } from '../../origin/verdict.js';

/** Sends a request to the origin with conditions for the stored responses. */
export type AskOrigin = (
  context: RequestContext,
  reason: ForwardReason,
  candidates: readonly StoredResponse[],
) => Promise<CacheAnswer>;

type Validate = Extract<Assessment, { kind: 'validate' }>;

/**
 * How long a usable stale response waits for a silent origin: longer than a validation over a slow
 * line, shorter than clients wait.
 */
const SILENCE_MS = 2_000;

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
      services.events.warn('a background validation failed', error);
    });
  }

  /** Validates `stored` at the origin, and answers with the result. */
  async validate(
    context: RequestContext,
    stored: StoredResponse,
    found: Validate,
  ): Promise<CacheAnswer> {
    const { onFailure, reason } = found;
    if (onFailure === 'never') return this.#ask(context, reason, [stored]);
    // Opened before: nothing is waited for between an answer and the first look at its body.
    const generation = await this.#representations.open(context, stored);
    try {
      const answer = holds(context, generation)
        ? await this.#askWithin(context, stored, found)
        : await this.#ask(context, reason, [stored]);
      if (onFailure !== 'error-status' || !isErrorStatus(answer.status)) return answer;
      const failure: Failure = { detail: 'stale-if-error', originStatus: answer.status };
      const instead = this.#answerStale(context, stored, generation, found, failure);
      if (instead === undefined) return answer;
      answer.body.close();
      return instead;
    } catch (error) {
      if (!(error instanceof ForebayError)) throw error;
      const failure = failureOf(error, found);
      if (failure === undefined) throw error;
      const instead = this.#answerStale(context, stored, generation, found, failure);
      if (instead === undefined) throw error;
      return instead;
    } finally {
      generation.release();
    }
  }

  /**
   * Validates while a stale response waits to be used: gives up at the first failed attempt that
   * allows that, and after `SILENCE_MS` unless it is patient. The fetch goes on, and its response
   * is stored.
   */
  #askWithin(
    context: RequestContext,
    stored: StoredResponse,
    found: Validate,
  ): Promise<CacheAnswer> {
    const trouble = deferred<never>();
    const troubled = (error: ForebayError): void => {
      if (failureOf(error, found) !== undefined) trouble.reject(error);
    };
    const adapter = this.#ask({ ...context, troubled }, found.reason, [stored]);
    const bound = {
      clock: this.#clock,
      ms: context.request.adapter?.isPatient === true ? this.#patienceMs : SILENCE_MS,
      timedOut: silent,
      aborted: silent,
    };
    return within(Promise.race([adapter, trouble.promise]), bound).catch((error: unknown) => {
      // Its answer is not read any more.
      void adapter.then(
        (answer) => {
          answer.body.close();
        },
        () => undefined,
      );
      throw error;
    });
  }

  /**
   * Validates a response that has already answered: one validation at a time, in the background.
   */
  validateBeside(context: RequestContext, stored: StoredResponse): void {
    const key = `${context.key} ${variantName(stored.requestHeaders)}`;
    this.#background.run(key, async () => {
      // As a request of its own: the client's request ends before.
      const hint = { kind: 'whole' } as const;
      const request = { ...context.request, hint, signal: NEVER, span: undefined };
      const own = { ...context, request, share: undefined, cost: new Cost() };
      const answer = await this.#ask(own, 'stale', [stored]);
      answer.body.close();
    });
  }

  /** The stored response in place of a failure; `undefined` where its bytes are not all there. */
  #answerStale(
    context: RequestContext,
    stored: StoredResponse,
    generation: Generation,
    { ageSeconds, ttlSeconds }: Validate,
    failure: Failure,
  ): CacheAnswer | undefined {
    if (!holds(context, generation)) return undefined;
    return this.#representations.answer(context, stored, generation, (unverified) => ({
      // The breaker was open: no request was forwarded (RFC 9211 section 2.2).
      outcome:
        failure.detail === 'origin-busy'
          ? { kind: 'hit', unverified, ttlSeconds, detail: failure.detail }
          : forward({ reason: 'stale', unverified, ...failure }),
      ageSeconds,
    }));
  }
}

/** True when the request needs nothing from the origin but its word. */
function holds({ request }: RequestContext, generation: Generation): boolean {
  return chunksOf(request, generation).every(({ first, end }) =>
    holdsChunks(generation, first, end),
  );
}

interface Failure {
  readonly detail: StaleReason;
  readonly originStatus: number | null;
}

/**
 * The Cache-Status detail of an error that allows a stale response; `undefined` for other errors.
 */
function failureOf(error: ForebayError, { onFailure }: Validate): Failure | undefined {
  if (isDisconnected(error)) return { detail: error.code, originStatus: null };
  const status = error.originStatus ?? null;
  if (onFailure !== 'error-status' || status === null || !isErrorStatus(status)) return undefined;
  return { detail: 'stale-if-error', originStatus: status };
}

function silent(): ForebayError {
  return new ForebayError(
    'origin-timeout',
    `no response from the origin within ${String(SILENCE_MS / 1000)} s`,
    {
      source: 'origin',
      retryable: true,
    },
  );
}
