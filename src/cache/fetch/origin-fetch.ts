/**
 * The first fetch of a URL, and validation: requests the chunk that the client needs first, learns
 * the representation from the head, and puts the body where readers find it. Follows redirects. One
 * fetch may serve many requests (cache/fetch/collapsed-fetches).
 */
import type { ByteRange } from '../../model/byte-range.js';
import { chunkIndexAt, offsetInChunk } from '../../model/chunk.js';
import { MAX_REDIRECT_HOPS } from '../../origin/redirect.js';
import { isDeliberate } from '../../origin/retry.js';
import type { BreakerVerdict } from '../../origin/breaker.js';
import type { Digest } from '../../model/digest.js';
import { ForebayError } from '../../model/errors.js';
import { FILL_START_BYTES, startFor } from '../../model/write-order.js';
import type { OriginHead } from '../../model/fetch.js';
import { receivedNow, steadyNow } from '../../model/steady-time.js';
import type { HeaderMap } from '../../model/headers.js';
import type { RedirectChain } from '../../model/redirect-chain.js';
import type { StoredResponse, ResponseTimes } from '../../model/response.js';
import type { ObjectOffset } from '../../model/offset.js';
import type { AdapterExchange, RangeHint } from '../api/facade.js';
import { mayReuse } from '../rfc9111/chain.js';
import { describeResponse } from '../rfc9111/describe.js';
import { requestDirectives } from '../rfc9111/directives.js';
import { OriginExchange } from '../fill/origin-exchange.js';
import { originBusy } from '../../origin/breaker.js';
import { holdsChunks } from '../object/holds-chunks.js';
import type { Generation } from '../object/generation.js';
import type { Generations } from '../object/generations.js';
import { Intake } from '../fill/intake.js';
import { judge } from '../rfc9111/judge.js';
import { endToEnd } from '../rfc9111/policy.js';
import { kindFor } from '../api/record.js';
import type { CacheServices } from '../api/services.js';
import { restartStream } from '../fill/stream.js';
import type { Conditions, NotModified } from '../rfc9111/validate.js';
import { verdictOfError, verdictOfHead } from '../../origin/verdict.js';
import type { FetchContext } from '../flight/fetch-context.js';

export interface OriginFetchRequest {
  readonly fetchContext: FetchContext;
  readonly headers: HeaderMap;
  readonly hint: RangeHint;
  /**
   * Conditions that validate what is stored of a place (model/redirect-chain), or the client's own.
   */
  readonly conditions: (place: string) => Conditions;
  /** False where the origin is known to answer ranges with the whole. */
  readonly acceptsRanges: boolean;
  /**
   * False where each answer has a validator of its own (cache/object/unsteady): it is read as one.
   */
  readonly isSteady: boolean;
  readonly digest: Digest | null;
  readonly adapter?: AdapterExchange | undefined;
  /**
   * False once the URL was changed or purged after this fetch began: its response is private then.
   */
  readonly isCurrent: () => boolean;
}

export type OriginFetch =
  | {
      readonly kind: 'representation';
      readonly stored: StoredResponse;
      /** Its fields for the request that fetched it; others get those of `stored`. */
      readonly received: HeaderMap;
      /** Retained once for the fetch, which releases it after its requests have retained it. */
      readonly generation: Generation;
      readonly originStatus: number;
      readonly acceptsRanges: boolean;
    }
  | ({ readonly kind: 'not-modified' } & NotModified);

/**
 * Requests to an origin in one fetch: every redirect, a refused signed URL, the whole after a
 * range.
 */
const MAX_REQUESTS = MAX_REDIRECT_HOPS + 3;

/** Rejects with a `ForebayError` when the origin gives no usable answer. */
export async function fetchFromOrigin(
  services: CacheServices,
  generations: Generations,
  request: OriginFetchRequest,
): Promise<OriginFetch> {
  const { upstream } = request.fetchContext.source;
  const permit = upstream.breaker.ask();
  if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
  let verdict: BreakerVerdict = 'abandoned';
  try {
    const result = await negotiate(services, generations, request);
    verdict = verdictOf(result);
    return result;
  } catch (error) {
    if (error instanceof ForebayError) verdict = verdictOfError(error);
    throw error;
  } finally {
    permit.settle(verdict);
  }
}

/** An answer is a sign of life; one that speaks of load counts unless it was made with care. */
function verdictOf(result: OriginFetch): BreakerVerdict {
  if (result.kind === 'not-modified' || isDeliberate(result.received)) return 'success';
  return verdictOfHead({ status: result.originStatus, headers: result.received }, 'success');
}

async function negotiate(
  services: CacheServices,
  generations: Generations,
  request: OriginFetchRequest,
): Promise<OriginFetch> {
  const { adapter } = request;
  // Who insists on the origin's word is answered by all of it: from the first hop on.
  const walk = request.fetchContext.source.walk(
    (hops) => !insists(request.headers) && mayReuse(hops, steadyNow(services.clock)),
  );
  const { rangeFaults } = request.fetchContext.source.upstream;
  let context = request.acceptsRanges
    ? firstRange(request.hint, services.limits.chunkSizeBytes)
    : null;
  // The time of the first request, before any redirect: a response is as old as that.
  const order = services.sequence.next();
  for (let sent = 0; sent < MAX_REQUESTS; sent += 1) {
    const target = walk.target();
    const asOne = !request.isSteady || rangeFaults.has(target.url);
    if (asOne) context = null;
    const chain = adapter === undefined ? walk.chain : asTold(walk.chain);
    const conditions = request.conditions(chain.place);
    const requestTimeMs = services.clock.now();
    const sending = { target, range: context, conditions, limits: adapter?.limits };
    const exchange = OriginExchange.start(services, request.fetchContext, sending);
    const received = await exchange.head;
    const head = adapter?.readHead(received) ?? received;
    const times = { ...receivedNow(services.clock, requestTimeMs), order };
    const answer = { head, times, chain, asOne };
    const judgement = judge(head, context);
    switch (judgement.kind) {
      case 'redirect':
        exchange.stop();
        walk.redirected(target, head, times);
        continue;
      case 'denied':
        if (walk.refused(target)) {
          exchange.stop();
          continue;
        }
        return accept(services, generations, request, exchange, { ...answer, body: 'whole' });
      case 'not-modified':
        exchange.stop();
        if (Object.keys(conditions).length === 0) throw unexpected304();
        return { kind: 'not-modified', headers: endToEnd(304, head.headers), times, chain };
      case 'unsatisfiable':
        // Other requests may have joined for other ranges: one byte is enough to describe it to
        // all.
        exchange.stop();
        context = { start: 0, end: 1 };
        continue;
      case 'ask-whole':
        exchange.stop();
        if (judgement.odd) rangeFaults.note(target.url);
        context = null;
        continue;
      case 'nonsense':
        exchange.stop();
        throw judgement.error;
      case 'partial':
        return accept(services, generations, request, exchange, { ...answer, body: judgement });
      case 'whole':
        return accept(services, generations, request, exchange, { ...answer, body: 'whole' });
    }
  }
  throw new ForebayError('origin-loop', 'too many redirects or range negotiations', {
    source: 'origin',
    retryable: false,
  });
}

interface Accepted {
  readonly head: OriginHead;
  readonly times: ResponseTimes;
  readonly chain: RedirectChain;
  /**
   * The request had no Range for a passing reason: the response does not show whether the URL
   * serves ranges.
   */
  readonly asOne: boolean;
  readonly body:
    'whole' | { readonly range: { start: number; end: number }; readonly completeLength: number };
}

/** Opens the generation that the head describes, and takes the body in if it is useful. */
async function accept(
  services: CacheServices,
  generations: Generations,
  request: OriginFetchRequest,
  exchange: OriginExchange,
  { head, times, chain, asOne, body }: Accepted,
): Promise<OriginFetch> {
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
  const index = body === 'whole' ? 0 : chunkIndexAt(body.range.start, chunkSizeBytes);
  const reach =
    body === 'whole' || body.range.end === Math.min(lengthBytes ?? 0, (index + 1) * chunkSizeBytes);
  const from = body === 'whole' ? 0 : offsetInChunk(body.range.start, chunkSizeBytes);
  const aligned = from === startFor(from, FILL_START_BYTES);
  const wanted = hint.kind !== 'none' && lengthBytes !== 0 && reach && aligned;
  const streaming = body === 'whole' && !isWholeInOneChunk(lengthBytes, chunkSizeBytes);
  if (streaming) generation.switchToStream((next) => restartStream(generation, next));
  const busy = generation.intake !== undefined || generation.flight(index) !== undefined;
  const held = holdsChunks(generation, index, index + 1) && !streaming;
  if (wanted && !busy && !held) {
    new Intake(generation, exchange, { index, onePart: body !== 'whole', from });
  } else exchange.stop();
  return {
    kind: 'representation',
    stored,
    received,
    generation,
    originStatus: head.status,
    // An error response is always whole: it does not show whether the object has ranges.
    acceptsRanges: body !== 'whole' || head.status !== 200 || (asOne && request.acceptsRanges),
  };
}

/**
 * True if the client demands the origin's own response, or one of a certain age (section 5.2.1).
 */
export function insists(request: HeaderMap): boolean {
  const wanted = requestDirectives(request);
  return ['no-cache', 'max-age', 'min-fresh'].some((name) => wanted.has(name));
}

/** The fields that an adapter sent on the way are left out: it decides itself what is shared. */
function asTold({ hops, place }: RedirectChain): RedirectChain {
  return { hops: hops.map((hop) => ({ ...hop, shown: [] })), place };
}

/** Length of a whole body; `null` if it is unknown until the end. */
function lengthOf({ status, contentLength }: OriginHead): number | null {
  return status === 204 || status === 205 ? 0 : contentLength;
}

/**
 * The range to request first: from just before the client's first byte to the end of its chunk, or
 * one byte for a HEAD. The bytes before that are fetched afterwards.
 */
function firstRange(hint: RangeHint, chunkSizeBytes: number): ByteRange<ObjectOffset> {
  switch (hint.kind) {
    case 'whole':
      return { start: 0, end: chunkSizeBytes };
    case 'from': {
      const within = offsetInChunk(hint.first, chunkSizeBytes);
      const chunkStart = hint.first - within;
      const start = chunkStart + startFor(within, FILL_START_BYTES);
      return { start, end: chunkStart + chunkSizeBytes };
    }
    case 'several':
      return firstRange(hint.ranges[0], chunkSizeBytes);
    // Where a suffix begins depends on the length, and a HEAD needs no content.
    case 'suffix':
    case 'none':
      return { start: 0, end: 1 };
  }
}

function isWholeInOneChunk(lengthBytes: number | null, chunkSizeBytes: number): boolean {
  return lengthBytes !== null && lengthBytes <= chunkSizeBytes;
}

function unexpected304(): ForebayError {
  return new ForebayError('origin-protocol', '304 to a request without conditions', {
    source: 'origin',
    retryable: true,
  });
}
