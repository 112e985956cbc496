/** The small answers and readings that cache/lookup composes. Pure. */
import { emptyHeaders } from '../model/headers.js';
import type { StoredResponse } from '../model/response.js';
import type { Body, CacheAnswer, CacheRequest } from './answer.js';
import type { Contact } from './contact.js';
import type { Generation } from './generation.js';
import type { CacheOutcome, ForwardReason } from './outcome.js';

/** True when chunks of other responses may complete it: it was recorded at its first head. */
export function isJoinable(stored: StoredResponse): boolean {
  return stored.object.generation === '';
}

/** The chunks that a request is about, half-open, as far as its range can be told. */
export function chunksOf(
  request: CacheRequest,
  generation: Generation,
): { first: number; end: number } {
  const { hint } = request;
  const { chunkSizeBytes } = generation;
  const length = generation.lengthBytes ?? 0;
  const [from, to] =
    hint.kind === 'from'
      ? [hint.first, (hint.last ?? length - 1) + 1]
      : hint.kind === 'suffix'
        ? [Math.max(0, length - hint.length), length]
        : hint.kind === 'none'
          ? [0, 0]
          : [0, length];
  return { first: Math.floor(from / chunkSizeBytes), end: Math.ceil(to / chunkSizeBytes) };
}

/** An answer that needed the origin; what is not said is absent or false. */
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

/** The origin says how long the object is, and that the range lies beyond it: 416 is the front's. */
export function unsatisfiable(completeLength: number, reason: ForwardReason): CacheAnswer {
  const outcome = forward({ reason, originStatus: 416 });
  const body = bodyWithoutBytes(completeLength);
  return { status: 200, headers: emptyHeaders(), ageSeconds: null, outcome, body };
}

/** What the origin said, without content. */
export function bodiless(
  { status, headers }: Extract<Contact, { kind: 'bodiless' }>,
  reason: ForwardReason,
): CacheAnswer {
  const outcome = forward({ reason, originStatus: status });
  return { status, headers, ageSeconds: null, outcome, body: bodyWithoutBytes(0) };
}

function bodyWithoutBytes(lengthBytes: number): Body {
  return {
    lengthBytes,
    acceptsRanges: lengthBytes > 0,
    // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
    read: async function* () {
      yield* [];
    },
    cost: () => ({ originBytes: 0 }),
    close: () => undefined,
  };
}
