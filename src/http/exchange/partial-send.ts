/**
 * A hit that http/hits/hot-hits sent as far as the connection took it, for an `Exchange` to go on
 * with: the rest is read through the cache as any body is, so that a failing disk or an object that
 * ends is met as ever.
 */
import type {
  CacheAnswer,
  CacheRequest,
  ReusableHit,
  HitFreshness,
} from '../../cache/api/facade.js';
import type { ByteRange } from '../../model/byte-range.js';
import type { Reply } from '../reply/respond.js';

/** The requested part of the representation; `null`: all of it. */
export type SentPart = ByteRange | null;

export interface PartialSend {
  readonly origin: string;
  readonly target: string;
  /** The id in the sent head. */
  readonly requestId: string;
  /** `undefined`: the object that was being sent is gone. */
  readonly answer: (request: CacheRequest) => CacheAnswer | undefined;
  readonly reply: (answer: CacheAnswer) => Reply;
  /** Bytes of the body that are out. */
  readonly bytesSent: number;
}

export interface PartialRequest {
  readonly requestId: string;
  readonly part: SentPart;
  readonly isHead: boolean;
}

/** `times`: the freshness in the sent head. */
export function partialSendOf(
  of: { readonly reusable: ReusableHit; readonly origin: string; readonly target: string },
  { requestId, part, isHead }: PartialRequest,
  { ageSeconds, ttlSeconds }: HitFreshness,
  bytesSent: number,
): PartialSend {
  const { reusable, origin, target } = of;
  const { start, end } = part ?? { start: 0, end: isHead ? 0 : reusable.lengthBytes };
  const headers = { 'content-length': String(end - start) };
  return {
    origin,
    target,
    requestId,
    bytesSent,
    answer: (request) => {
      const body = reusable.body(request);
      const outcome = { kind: 'hit', unverified: false, ttlSeconds } as const;
      return body && { status: 200, headers: reusable.headers, ageSeconds, outcome, body };
    },
    reply: ({ body }) => ({
      kind: 'body',
      head: { status: part === null ? 200 : 206, headers },
      body,
      content: [{ kind: 'range', start, end }],
    }),
  };
}
