/** Builds the mirror's answers whose content is in memory: JSON and refusals. Pure. */
import type { Body, CacheAnswer } from '../cache/api/facade.js';
import { forward } from '../cache/answer/answers.js';
import type { CacheOutcome } from '../cache/api/outcome.js';
import { type ErrorCode, ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap, toHeaderMap } from '../model/headers.js';
import { type RateLimitedHead, requestedWaitMs, waitFields } from '../origin/requested-wait.js';

/** The header fields of an error that clients of a hub read. */
const ERROR_FIELDS = ['x-error-code', 'x-error-message', 'x-repo-commit', 'www-authenticate'];

/** Retry-After for a client refused because of load when the hub sends none, in ms. */
const RETRY_AFTER_MS = 1000;

/** Returns an answer whose content is `bytes`. */
export function bytesAnswer(
  status: number,
  headers: HeaderMap,
  bytes: Uint8Array,
  outcome: CacheOutcome,
): CacheAnswer {
  const body: Body = {
    lengthBytes: bytes.length,
    acceptsRanges: false,
    isKept: true,
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    async *read({ start, end }) {
      if (start < bytes.length) yield { kind: 'bytes', bytes: bytes.subarray(start, end) };
    },
    cost: () => ({ originBytes: 0, collapsed: false }),
    close: () => undefined,
  };
  return { status, headers, ageSeconds: null, outcome, body };
}

/** A hub's error response: its status and the fields that carry the reason. */
export interface Refusal {
  readonly status: number;
  readonly headers: HeaderMap;
}

/** Returns the refusal in an upstream head, reduced to the fields that clients read. */
export function refusalOf(status: number, headers: HeaderMap): Refusal {
  const kept = emptyHeaders();
  for (const name of ERROR_FIELDS) {
    const value = headerValue(headers, name);
    if (value !== undefined) kept[name] = value;
  }
  return { status, headers: kept };
}

/** Returns the hub's refusal as an answer. It does not depend on what the cache holds. */
export function refused(refusal: Refusal): CacheAnswer {
  return errorAnswer(refusal, refusal.status);
}

function errorAnswer({ status, headers }: Refusal, originStatus: number | null): CacheAnswer {
  const message = headerValue(headers, 'x-error-message') ?? 'the hub refused the request';
  const fields = emptyHeaders();
  Object.assign(fields, headers, { 'content-type': 'text/plain; charset=utf-8' });
  fields['cache-control'] = 'no-store';
  const outcome = forward({ reason: 'miss', originStatus });
  return bytesAnswer(status, fields, Buffer.from(message), outcome);
}

/** Returns an error of the mirror itself, in the fields that clients of a hub display. */
export function ownError(status: number, code: string | null, message: string): CacheAnswer {
  const headers = emptyHeaders();
  if (code !== null) headers['x-error-code'] = code;
  headers['x-error-message'] = message;
  if (status === 405) headers['allow'] = 'GET, HEAD';
  return errorAnswer({ status, headers }, null);
}

/**
 * Returns the answer for an overloaded mirror or hub. It is a 429, because clients of a hub retry a
 * 429 and give up at a 503.
 */
export function overloaded(retryAfterMs?: number): CacheAnswer {
  const answer = ownError(429, null, 'The hub is overloaded or failing; try again');
  const headers = withRetryAfter(answer.headers, retryAfterMs);
  return { ...answer, headers };
}

/**
 * Returns the answer to a client when the hub's status is `isOverload`. `nowMs`: since the epoch.
 */
export function loadAnswer(head: RateLimitedHead, nowMs: number, words?: AnswerWords): CacheAnswer {
  const waitMs = requestedWaitMs(head, nowMs);
  return head.status === 429 ? limited(head.headers, waitMs, words) : overloaded(waitMs);
}

/** The content of the hub's refusal, sent to the client in place of the plain message. */
export interface AnswerWords {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Returns the hub's 429 (rate limit) with the hub's own message and wait. */
function limited(hubs: HeaderMap, waitMs: number | undefined, words?: AnswerWords): CacheAnswer {
  const { headers } = refusalOf(429, hubs);
  Object.assign(headers, waitFields(hubs));
  headers['x-error-message'] ??= 'The hub limits the rate of requests; try again later';
  const answer = errorAnswer({ status: 429, headers: withRetryAfter(headers, waitMs) }, 429);
  if (words === undefined) return answer;
  const fields = Object.assign(emptyHeaders(), answer.headers);
  fields['content-type'] = words.contentType;
  return bytesAnswer(429, fields, words.bytes, answer.outcome);
}

/**
 * Returns the fields of a hub's 429 with a Retry-After, unless they have a readable one: some
 * clients read no other field for the wait.
 */
export function withRetryAfter(headers: HeaderMap, waitMs = RETRY_AFTER_MS): HeaderMap {
  const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)));
  const fields = Object.assign(emptyHeaders(), headers);
  const isReadable = requestedWaitMs({ status: 0, headers }, 0) !== undefined;
  if (!isReadable) fields['retry-after'] = seconds;
  return fields;
}

/** Returns the answer when the hub is unreachable and no stored response may be used instead. */
export function unreachable(): CacheAnswer {
  return ownError(
    504,
    null,
    'The hub cannot be reached, and the requested resource is not stored here',
  );
}

/** Returns the answer when the hub exceeded the time limits. It names the settings to raise. */
export function tooSlow(): CacheAnswer {
  const message =
    'The hub did not answer in time. Where it is known to be slow (a repository manager that fetches ' +
    'files first), raise fill.firstByteTimeout and fill.requestTimeout';
  return ownError(504, null, message);
}

/** Returns the answer to a timeout of the hub; `undefined` for any other failure. */
export function answerToSilence({ code }: Failure): CacheAnswer | undefined {
  return code === 'origin-timeout' ? tooSlow() : undefined;
}

/**
 * Returns the answer when the hub was not contacted or did not respond: a 429, which clients retry,
 * when its breaker is open or no connection became free; otherwise a 504.
 */
export function notAsked(failure: Failure): CacheAnswer {
  if (failure.code === 'origin-busy') return overloaded(failure.retryAfterMs);
  return answerToSilence(failure) ?? unreachable();
}

/** The part of a failure, thrown or reported, that decides the answer. */
interface Failure {
  readonly code: ErrorCode;
  readonly originStatus?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly originFields?: Readonly<Record<string, string>> | undefined;
}

/** Returns the answer to an overload of the mirror or the hub; `undefined` for other failures. */
export function answerToLoad({
  code,
  originStatus,
  retryAfterMs,
  originFields,
}: Failure): CacheAnswer | undefined {
  const isOwn = code === 'origin-busy' || code === 'overload' || code === 'no-space';
  if (isOwn) return overloaded(retryAfterMs);
  if (code !== 'origin-status' || originStatus === undefined) return undefined;
  if (originStatus === 429) return limited(toHeaderMap(originFields ?? {}), retryAfterMs);
  return isOverload(originStatus) ? overloaded(retryAfterMs) : undefined;
}

/** Resolves with `answer`, or with a 429 when it rejects because of load. */
export async function answeringLoad(answer: Promise<CacheAnswer>): Promise<CacheAnswer> {
  try {
    return await answer;
  } catch (error) {
    const instead = error instanceof ForebayError ? answerToLoad(error) : undefined;
    if (instead === undefined) throw error;
    return instead;
  }
}

/** True for the statuses of an overloaded or failing hub. */
export function isOverload(status: number): boolean {
  return status === 429 || status >= 500;
}
