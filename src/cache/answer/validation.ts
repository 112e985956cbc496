/**
 * Validates stored responses at the origin: before the answer, or in the background when the stale
 * response may be used meanwhile. If validation fails and nothing forbids it, answers with the
 * stale response (RFC 9111 sections 4.2.4 and 4.3, RFC 5861). Owned by Cache.
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

/** Sends a request to the origin, with the validators of the stored `candidates`. */
export type AskOrigin = (
  context: RequestContext,
  reason: ForwardReason,
  candidates: readonly StoredResponse[],
) => Promise<CacheAnswer>;

type Validate = Extract<Assessment, { kind: 'validate' }>;

/**
 * How long a validation may take when a stale response may replace the answer of an unreachable
 * origin: longer than a validation over a slow line, shorter than clients wait.
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
      services.events.warn('the background validation of a stored response failed', error);
    });
  }

  /**
   * Validates `stored` and resolves to the answer: the validated response, its replacement, or the
   * stale one if validation failed. Rejects with a `ForebayError`.
   */
  async validate(
    context: RequestContext,
    stored: StoredResponse,
    found: Validate,
  ): Promise<CacheAnswer> {
    const { onFailure, reason } = found;
    if (onFailure === 'never') return this.#ask(context, reason, [stored]);
    // Opened first, so that nothing is awaited between an answer and the first use of its body.
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
   * Validates while the stale response is ready to be sent instead. Rejects at the first failed
   * attempt that permits the stale response, and after `SILENCE_MS`, or after the origin's
   * first-byte timeout if the adapter is patient. The fetch goes on, and its response is stored.
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
    const answering = this.#ask({ ...context, troubled }, found.reason, [stored]);
    const ms = context.request.adapter?.isPatient === true ? this.#patienceMs : SILENCE_MS;
    const timedOut = (): ForebayError => silent(ms);
    const bound = { clock: this.#clock, ms, timedOut, aborted: timedOut };
    return within(Promise.race([answering, trouble.promise]), bound).catch((error: unknown) => {
      // An answer that still comes has no reader.
      void answering.then(
        (answer) => {
          answer.body.close();
        },
        () => undefined,
      );
      throw error;
    });
  }

  /** Validates a stored response in the background, one run per variant at a time. */
  validateBeside(context: RequestContext, stored: StoredResponse): void {
    const key = `${context.key} ${variantName(stored.requestHeaders)}`;
    this.#background.run(key, async () => {
      // A request of its own, because the client's request may end earlier.
      const hint = { kind: 'whole' } as const;
      const request = { ...context.request, hint, signal: NEVER, span: undefined };
      const own = { ...context, request, quota: undefined, cost: new Cost() };
      const answer = await this.#ask(own, 'stale', [stored]);
      answer.body.close();
    });
  }

  /**
   * Returns an answer with the stored response in place of a failure; `undefined` if its bytes are
   * not all at hand.
   */
  #answerStale(
    context: RequestContext,
    stored: StoredResponse,
    generation: Generation,
    { ageSeconds, ttlSeconds }: Validate,
    failure: Failure,
  ): CacheAnswer | undefined {
    if (!holds(context, generation)) return undefined;
    return this.#representations.answer(context, stored, generation, (unverified) => ({
      // An open breaker sent no request, so the outcome is a hit (RFC 9211 section 2.2).
      outcome:
        failure.detail === 'origin-busy'
          ? { kind: 'hit', unverified, ttlSeconds, detail: failure.detail }
          : forward({ reason: 'stale', unverified, ...failure }),
      ageSeconds,
    }));
  }
}

/** True when all chunks of the request are at hand, so that it needs only the validation. */
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
 * Returns what Cache-Status reports for an error that permits a stale response; `undefined` for an
 * error that does not.
 */
function failureOf(error: ForebayError, { onFailure }: Validate): Failure | undefined {
  if (isDisconnected(error)) return { detail: error.code, originStatus: null };
  const status = error.originStatus ?? null;
  if (onFailure !== 'error-status' || status === null || !isErrorStatus(status)) return undefined;
  return { detail: 'stale-if-error', originStatus: status };
}

function silent(ms: number): ForebayError {
  return new ForebayError(
    'origin-timeout',
    `no response from the origin within ${String(ms / 1000)} s`,
    {
      source: 'origin',
      retryable: true,
    },
  );
}
