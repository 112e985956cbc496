/**
 * A hit that http/hits/standing sent as far as the connection took it, for an `Exchange` to go on with: the rest
 * is read through the cache as any body is, so that a failing disk or an object that ends is met as ever.
 */
import type { CacheAnswer, CacheRequest, Standing, StandingTimes } from '../../cache/api/answer.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { Reply } from '../reply/respond.js';

/** What of the representation was asked for; `null`: all of it. */
export type Part = ByteRange | null;

export interface Begun {
  readonly origin: string;
  readonly target: string;
  /** As the head has it. */
  readonly requestId: string;
  /** `undefined`: what was being sent is gone. */
  readonly answer: (request: CacheRequest) => CacheAnswer | undefined;
  readonly reply: (answer: CacheAnswer) => Reply;
  /** Bytes of the body that are out. */
  readonly bytesSent: number;
}

export interface BegunRequest {
  readonly requestId: string;
  readonly part: Part;
  readonly isHead: boolean;
}

/** `times`: what the head said. */
export function begunOf(
  of: { readonly standing: Standing; readonly origin: string; readonly target: string },
  { requestId, part, isHead }: BegunRequest,
  { ageSeconds, ttlSeconds }: StandingTimes,
  bytesSent: number,
): Begun {
  const { standing, origin, target } = of;
  const { start, end } = part ?? { start: 0, end: isHead ? 0 : standing.lengthBytes };
  const headers = { 'content-length': String(end - start) };
  return {
    origin,
    target,
    requestId,
    bytesSent,
    answer: (request) => {
      const body = standing.body(request);
      const outcome = { kind: 'hit', unverified: false, ttlSeconds } as const;
      return body && { status: 200, headers: standing.headers, ageSeconds, outcome, body };
    },
    reply: ({ body }) => ({
      kind: 'body',
      head: { status: part === null ? 200 : 206, headers },
      body,
      content: [{ kind: 'range', start, end }],
    }),
  };
}
