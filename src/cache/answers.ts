/** The small answers and readings that cache/lookup composes. Pure. */
import type { Body, CacheAnswer, CacheRequest } from './answer.js';
import type { Contact } from './contact.js';
import type { Generation } from './generation.js';
import type { CacheOutcome, ForwardReason } from './outcome.js';

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

/** The origin's 304 to the client's own conditions. */
export function passedOn(
  { headers }: Extract<Contact, { kind: 'not-modified' }>,
  reason: ForwardReason,
): CacheAnswer {
  const status = 304;
  const outcome = forward({ reason, originStatus: status, detail: 'not-storable' });
  return { status, headers, ageSeconds: null, outcome, body: EMPTY_BODY };
}

const EMPTY_BODY: Body = {
  lengthBytes: 0,
  acceptsRanges: false,
  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
  read: async function* () {
    yield* [];
  },
  cost: () => ({ originBytes: 0, joined: false }),
  close: () => undefined,
};
