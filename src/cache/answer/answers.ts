/** Small answers and helper functions for the other files of cache/answer. Pure. */
import { chunkIndexAt } from '../../model/chunk.js';
import { ForebayError } from '../../model/errors.js';
import type { Body, CacheAnswer, CacheRequest, RangePart } from '../api/facade.js';
import { chainFields } from '../rfc9111/chain.js';
import { requestDirectives } from '../rfc9111/directives.js';
import type { Generation } from '../object/generation.js';
import type { CacheOutcome, ForwardReason } from '../api/outcome.js';
import type { NotModified } from '../rfc9111/validate.js';

/** Chunks by index, half-open. */
export interface ChunkSpan {
  readonly first: number;
  readonly end: number;
}

/**
 * Returns the chunks of each range that a request asks for. An object of unknown length counts as
 * empty.
 */
export function chunksOf(
  { hint }: CacheRequest,
  generation: Pick<Generation, 'chunkSizeBytes' | 'lengthBytes'>,
): readonly [ChunkSpan, ...ChunkSpan[]] {
  const length = generation.lengthBytes ?? 0;
  const spanOf = (from: number, to: number): ChunkSpan => ({
    first: chunkIndexAt(from, generation.chunkSizeBytes),
    end: Math.ceil(to / generation.chunkSizeBytes),
  });
  const spanOfPart = (part: RangePart): ChunkSpan =>
    part.kind === 'from'
      ? spanOf(part.first, (part.last ?? length - 1) + 1)
      : spanOf(Math.max(0, length - part.length), length);
  switch (hint.kind) {
    case 'whole':
      return [spanOf(0, length)];
    case 'none':
      return [spanOf(0, 0)];
    case 'from':
    case 'suffix':
      return [spanOfPart(hint)];
    case 'several': {
      const [first, ...others] = hint.ranges;
      return [spanOfPart(first), ...others.map(spanOfPart)];
    }
  }
}

/** Returns the outcome of an answer that needed the origin, with defaults for what is not given. */
export function forward(
  partial: Partial<Extract<CacheOutcome, { kind: 'forward' }>> & { reason: ForwardReason },
): CacheOutcome {
  return {
    kind: 'forward',
    originStatus: null,
    stored: false,
    collapsed: false,
    unverified: false,
    detail: null,
    ...partial,
  };
}

/** Makes the answer from the origin's 304 to the client's own conditions. */
export function passedAnswer(
  { headers: received, times, chain }: NotModified,
  reason: ForwardReason,
): CacheAnswer {
  const status = 304;
  const outcome = forward({ reason, originStatus: status, detail: 'not-storable' });
  const headers = chainFields(received, { status, headers: received, ...times, hops: chain.hops });
  const receivedAtMs = times.responseTimeMs;
  return { status, headers, receivedAtMs, ageSeconds: null, outcome, body: EMPTY_BODY };
}

const EMPTY_BODY: Body = {
  lengthBytes: 0,
  acceptsRanges: false,
  isKept: true,
  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
  async *read() {
    yield* [];
  },
  cost: () => ({ originBytes: 0, collapsed: false }),
  close: () => undefined,
};

/** Throws for a request with `only-if-cached`, which must not wait for the origin (5.2.1.7). */
export function refuseOnlyIfCached({ headers }: CacheRequest): void {
  if (!requestDirectives(headers).has('only-if-cached')) return;
  const message = 'the client sent only-if-cached, and no stored response may answer';
  throw new ForebayError('not-cached', message, { source: 'client', retryable: false });
}
