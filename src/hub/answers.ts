/** Answers of the hub's mirror that are bytes in memory: JSON, and refusals. Pure. */
import type { Body, CacheAnswer } from '../cache/answer.js';
import { forward } from '../cache/answers.js';
import type { CacheOutcome } from '../cache/outcome.js';
import { type ErrorCode, ForebayError } from '../model/errors.js';
import { emptyHeaders, headerValue, type HeaderMap } from '../model/headers.js';
import { parseRetryAfter } from '../origin/retry.js';

/** What clients of a hub read of an error, beside its status. */
const ERROR_FIELDS = ['x-error-code', 'x-error-message', 'x-repo-commit', 'www-authenticate'];

/** How long who was turned away for load should wait, in ms, where the hub does not say. */
const RETRY_AFTER_MS = 1000;

/** The longest wait that is asked of clients, whatever the hub says. */
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

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
    read: async function* ({ start, end }) {
      if (start < bytes.length) yield { kind: 'bytes', bytes: bytes.subarray(start, end) };
    },
    cost: () => ({ originBytes: 0, joined: false }),
    close: () => undefined,
  };
  return { status, headers, ageSeconds: null, outcome, body };
}

/** What the hub said when it did not give a file: its status and the fields that tell why. */
export interface Refusal {
  readonly status: number;
  readonly headers: HeaderMap;
}

/** The refusal in an upstream head: nothing of it but what clients read. */
export function refusalOf(status: number, headers: HeaderMap): Refusal {
  const told = emptyHeaders();
  for (const name of ERROR_FIELDS) {
    const value = headerValue(headers, name);
    if (value !== undefined) told[name] = value;
  }
  return { status, headers: told };
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
export function overloaded(retryAfterMs = RETRY_AFTER_MS): CacheAnswer {
  const answer = ownError(429, null, 'The hub is overloaded or failing; try again');
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const headers = Object.assign(emptyHeaders(), answer.headers, { 'retry-after': String(seconds) });
  return { ...answer, headers };
}

/** How long a hub's answer bids us wait, in ms. */
export function retryAfterOf(headers: HeaderMap, nowMs: number): number | undefined {
  return parseRetryAfter(headerValue(headers, 'retry-after') ?? '', nowMs, MAX_RETRY_AFTER_MS);
}

/** The hub cannot be asked, and nothing here may stand in for its answer. */
export function unreachable(): CacheAnswer {
  return ownError(
    504,
    null,
    'The hub cannot be reached, and what was asked for is not stored here',
  );
}

/** The hub was not asked, or did not answer: whether it is worth a client's while to try again. */
export function notAsked({ code, retryAfterMs }: Failure): CacheAnswer {
  return code === 'origin-busy' ? overloaded(retryAfterMs) : unreachable();
}

/** What is read of a failure, thrown or reported. */
interface Failure {
  readonly code: ErrorCode;
  readonly originStatus?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The answer to a failure that is load, here or at the hub; `undefined` to any other. */
export function answerToLoad({
  code,
  originStatus,
  retryAfterMs,
}: Failure): CacheAnswer | undefined {
  const isOwn = code === 'origin-busy' || code === 'overload' || code === 'no-space';
  const isTold = code === 'origin-status' && originStatus !== undefined && isOverload(originStatus);
  return isOwn || isTold ? overloaded(retryAfterMs) : undefined;
}

/** `answer`, or the one to its failure where that is load. */
export async function answeringLoad(answer: Promise<CacheAnswer>): Promise<CacheAnswer> {
  try {
    return await answer;
  } catch (error) {
    const told = error instanceof ForebayError ? answerToLoad(error) : undefined;
    if (told === undefined) throw error;
    return told;
  }
}

/** True for the statuses that speak of load, or of a hub that fails. */
export function isOverload(status: number): boolean {
  return status === 429 || status >= 500;
}
