/** Answers of the hub's mirror that are bytes in memory: JSON, and refusals. Pure. */
import type { Body, CacheAnswer } from '../cache/api/facade.js';
import { forward } from '../cache/answer/answers.js';
import type { CacheOutcome } from '../cache/api/outcome.js';
import { type ErrorCode, ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap, toHeaderMap } from '../model/headers.js';
import { type RateLimitedHead, requestedWaitMs, waitFields } from '../origin/requested-wait.js';

/** What clients of a hub read of an error, beside its status. */
const ERROR_FIELDS = ['x-error-code', 'x-error-message', 'x-repo-commit', 'www-authenticate'];

/** Default wait, in ms, of a client that was refused for load. */
const RETRY_AFTER_MS = 1000;

/** An answer whose content is `bytes`. */
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

/** The hub's refusal of a file: its status and the fields that explain it. */
export interface Refusal {
  readonly status: number;
  readonly headers: HeaderMap;
}

/** The refusal in an upstream head: nothing of it but what clients read. */
export function refusalOf(status: number, headers: HeaderMap): Refusal {
  const fields = emptyHeaders();
  for (const name of ERROR_FIELDS) {
    const value = headerValue(headers, name);
    if (value !== undefined) fields[name] = value;
  }
  return { status, headers: fields };
}

/** The hub's refusal: the same answer for everybody who is refused so, whatever is held. */
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

/** An error of our own, in the words that clients of a hub show. */
export function ownError(status: number, code: string | null, message: string): CacheAnswer {
  const headers = emptyHeaders();
  if (code !== null) headers['x-error-code'] = code;
  headers['x-error-message'] = message;
  if (status === 405) headers['allow'] = 'GET, HEAD';
  return errorAnswer({ status, headers }, null);
}

/** Load, here or there: clients of a hub try a 429 again, and give up at a 503. */
export function overloaded(retryAfterMs?: number): CacheAnswer {
  const answer = ownError(429, null, 'The hub is overloaded or failing; try again');
  const headers = withRetryAfter(answer.headers, retryAfterMs);
  return { ...answer, headers };
}

/** The answer to clients when the hub's answer is about load: `nowMs` is ms since the epoch. */
export function loadAnswer(said: RateLimitedHead, nowMs: number, words?: AnswerWords): CacheAnswer {
  const waitMs = requestedWaitMs(said, nowMs);
  return said.status === 429 ? limited(said.headers, waitMs, words) : overloaded(waitMs);
}

/** The content of a refusal, if it is more than its message. */
export interface AnswerWords {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** The hub limits the rate of requests: its own words and its own wait. */
function limited(said: HeaderMap, waitMs: number | undefined, words?: AnswerWords): CacheAnswer {
  const { headers } = refusalOf(429, said);
  Object.assign(headers, waitFields(said));
  headers['x-error-message'] ??= 'The hub limits the rate of requests; try again later';
  const head = withRetryAfter(headers, waitMs);
  const answer = errorAnswer({ status: 429, headers: head }, 429);
  if (words === undefined) return answer;
  const fields = Object.assign(emptyHeaders(), answer.headers);
  fields['content-type'] = words.contentType;
  return bytesAnswer(429, fields, words.bytes, answer.outcome);
}

/** A 429 of a hub as its clients are to read it: some know Retry-After alone. */
export function withRetryAfter(headers: HeaderMap, waitMs = RETRY_AFTER_MS): HeaderMap {
  const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)));
  const fields = Object.assign(emptyHeaders(), headers);
  const isReadable = requestedWaitMs({ status: 0, headers }, 0) !== undefined;
  if (!isReadable) fields['retry-after'] = seconds;
  return fields;
}

/** The hub is unreachable, and nothing stored may be used instead. */
export function unreachable(): CacheAnswer {
  return ownError(504, null, 'The hub cannot be reached, and the answer is not stored here');
}

/** The hub was reached and did not answer within the bounds: which ones an operator may raise. */
export function tooSlow(): CacheAnswer {
  const message =
    'The hub did not answer in time. Where it is known to be slow (a repository manager that fetches ' +
    'files first), raise fill.firstByteTimeout and fill.requestTimeout';
  return ownError(504, null, message);
}

/** The answer when the hub is silent; `undefined` for any other failure. */
export function answerToSilence({ code }: Failure): CacheAnswer | undefined {
  return code === 'origin-timeout' ? tooSlow() : undefined;
}

/** The hub was not reached or did not answer: whether a retry makes sense. */
export function notAsked(failure: Failure): CacheAnswer {
  if (failure.code === 'origin-busy') return overloaded(failure.retryAfterMs);
  return answerToSilence(failure) ?? unreachable();
}

/** The used parts of a failure, thrown or reported. */
interface Failure {
  readonly code: ErrorCode;
  readonly originStatus?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly originFields?: Readonly<Record<string, string>> | undefined;
}

/** The answer to a failure that is load, here or at the hub; `undefined` to any other. */
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

/** `answer`, or the one to its failure where that is load. */
export async function answeringLoad(answer: Promise<CacheAnswer>): Promise<CacheAnswer> {
  try {
    return await answer;
  } catch (error) {
    const instead = error instanceof ForebayError ? answerToLoad(error) : undefined;
    if (instead === undefined) throw error;
    return instead;
  }
}

/** True for the statuses that speak of load, or of a hub that fails. */
export function isOverload(status: number): boolean {
  return status === 429 || status >= 500;
}
