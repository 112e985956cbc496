/**
 * Accepts the response of a first fetch: opens the generation that its head describes, and has its
 * body stored if that is needed. Called by cache/fetch/origin-fetch.
 */
import { chunkIndexAt, offsetInChunk } from '../../model/chunk.js';
import type { Digest } from '../../model/digest.js';
import { FILL_START_BYTES, startFor } from '../../model/write-order.js';
import type { OriginHead } from '../../model/fetch.js';
import type { HeaderMap } from '../../model/headers.js';
import type { RedirectChain } from '../../model/redirect-chain.js';
import type { StoredResponse, ResponseTimes } from '../../model/response.js';
import type { AdapterExchange, RangeHint } from '../api/facade.js';
import { describeResponse } from '../rfc9111/describe.js';
import { type OriginExchange } from '../fill/origin-exchange.js';
import { holdsChunks } from '../object/holds-chunks.js';
import type { Generation } from '../object/generation.js';
import type { Generations } from '../object/generations.js';
import { Intake } from '../fill/intake.js';
import { kindFor } from '../api/record.js';
import type { CacheServices } from '../api/services.js';
import { restartStream } from '../fill/stream.js';
import type { FetchContext } from '../flight/fetch-context.js';

/** The request of a first fetch, as far as its response depends on it. */
export interface AcceptRequest {
  readonly fetchContext: FetchContext;
  readonly headers: HeaderMap;
  readonly hint: RangeHint;
  readonly acceptsRanges: boolean;
  readonly isSteady: boolean;
  readonly digest: Digest | null;
  readonly adapter?: AdapterExchange | undefined;
  readonly isCurrent: () => boolean;
}

export interface FetchedRepresentation {
  readonly kind: 'representation';
  readonly stored: StoredResponse;
  /** Fields for the request that led the fetch; other requests get those of `stored`. */
  readonly received: HeaderMap;
  /** Retained once by the fetch, which releases it after its requests have retained it. */
  readonly generation: Generation;
  readonly originStatus: number;
  readonly acceptsRanges: boolean;
}

export interface Accepted {
  readonly head: OriginHead;
  readonly times: ResponseTimes;
  readonly chain: RedirectChain;
  /**
   * True when the request had no range for a temporary reason: the response then does not show
   * whether the URL accepts ranges.
   */
  readonly asOne: boolean;
  readonly body:
    'whole' | { readonly range: { start: number; end: number }; readonly completeLength: number };
}

/** Opens the generation that the head describes, and takes the body in if it is needed. */
export async function accept(
  services: CacheServices,
  generations: Generations,
  request: AcceptRequest,
  exchange: OriginExchange,
  { head, times, chain, asOne, body }: Accepted,
): Promise<FetchedRepresentation> {
  const { fetchContext, hint } = request;
  const { chunkSizeBytes } = services.limits;
  const lengthBytes = body === 'whole' ? lengthOf(head) : body.completeLength;
  const { stored, received, shareable } = describeResponse({
    kind: kindFor(request.adapter),
    origin: fetchContext.source.upstream.name,
    uri: fetchContext.source.uri,
    request: request.headers,
    tag: services.tag,
    head,
    times,
    lengthBytes,
    chunkSizeBytes,
    digest: request.digest,
    chain,
    isSteady: request.isSteady,
    outdated: !request.isCurrent(),
  });
  const opening = generations.open(stored.object, { ephemeral: !shareable, fetchContext });
  const generation = await opening.catch((error: unknown) => {
    exchange.stop();
    throw error;
  });
  takeIn(generation, exchange, body, { hint, lengthBytes });
  return {
    kind: 'representation',
    stored,
    received,
    generation,
    originStatus: head.status,
    // An error response comes whole whether or not the URL accepts ranges.
    acceptsRanges: body !== 'whole' || head.status !== 200 || (asOne && request.acceptsRanges),
  };
}

/**
 * Has an intake store the body, unless it is not needed: a HEAD, a part that no chunk can begin
 * with, or a chunk that is held or being fetched already. Then it stops the exchange.
 */
function takeIn(
  generation: Generation,
  exchange: OriginExchange,
  body: Accepted['body'],
  { hint, lengthBytes }: { readonly hint: RangeHint; readonly lengthBytes: number | null },
): void {
  const { chunkSizeBytes } = generation;
  const isWhole = body === 'whole';
  const index = isWhole ? 0 : chunkIndexAt(body.range.start, chunkSizeBytes);
  const from = isWhole ? 0 : offsetInChunk(body.range.start, chunkSizeBytes);
  const chunkEnd = Math.min(lengthBytes ?? 0, (index + 1) * chunkSizeBytes);
  const isToEnd = isWhole || body.range.end === chunkEnd;
  const isAligned = from === startFor(from, FILL_START_BYTES);
  const isNeeded = hint.kind !== 'none' && lengthBytes !== 0 && isToEnd && isAligned;
  const streams = isWhole && !isWholeInOneChunk(lengthBytes, chunkSizeBytes);
  if (streams) generation.switchToStream((next) => restartStream(generation, next));
  const isBusy = generation.intake !== undefined || generation.flight(index) !== undefined;
  const isHeld = holdsChunks(generation, index, index + 1) && !streams;
  if (isNeeded && !isBusy && !isHeld) {
    new Intake(generation, exchange, { index, onePart: !isWhole, from });
  } else exchange.stop();
}

/** Returns the length of a whole body in bytes; `null` if it is unknown until the end. */
function lengthOf({ status, contentLength }: OriginHead): number | null {
  return status === 204 || status === 205 ? 0 : contentLength;
}

function isWholeInOneChunk(lengthBytes: number | null, chunkSizeBytes: number): boolean {
  return lengthBytes !== null && lengthBytes <= chunkSizeBytes;
}
