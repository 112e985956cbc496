/**
 * The first fetch of a URL, and validation. Requests from the origin the chunk that the client's
 * range begins in, opens the generation that the response head describes, and attaches the body to
 * it. Follows redirects. One fetch may serve many requests (cache/fetch/collapsed-fetches).
 */
import type { ByteRange } from '../../model/byte-range.js';
import { offsetInChunk } from '../../model/chunk.js';
import { MAX_REDIRECT_HOPS } from '../../origin/redirect.js';
import { isDeliberate } from '../../origin/retry.js';
import type { BreakerVerdict } from '../../origin/breaker.js';
import type { Digest } from '../../model/digest.js';
import { ForebayError } from '../../model/errors.js';
import { FILL_START_BYTES, startFor } from '../../model/write-order.js';
import { receivedNow, steadyNow } from '../../model/steady-time.js';
import type { HeaderMap } from '../../model/headers.js';
import type { RedirectChain } from '../../model/redirect-chain.js';
import type { ObjectOffset } from '../../model/offset.js';
import type { AdapterExchange, RangeHint } from '../api/facade.js';
import { mayReuse } from '../rfc9111/chain.js';
import { requestDirectives } from '../rfc9111/directives.js';
import { OriginExchange } from '../fill/origin-exchange.js';
import { originBusy } from '../../origin/breaker.js';
import type { Generations } from '../object/generations.js';
import { judge } from '../rfc9111/judge.js';
import { endToEnd } from '../rfc9111/policy.js';
import type { CacheServices } from '../api/services.js';
import type { Conditions, NotModified } from '../rfc9111/validate.js';
import { verdictOfError, verdictOfHead } from '../../origin/verdict.js';
import type { FetchContext } from '../flight/fetch-context.js';
import { accept, type FetchedRepresentation } from './accept-response.js';

export interface OriginFetchRequest {
  readonly fetchContext: FetchContext;
  readonly headers: HeaderMap;
  readonly hint: RangeHint;
  /** Returns the stored or the client's conditions to send to a place (model/redirect-chain). */
  readonly conditions: (place: string) => Conditions;
  /** False when the origin is known to answer range requests with the whole. */
  readonly acceptsRanges: boolean;
  /** False for an unsteady URL (cache/object/unsteady): the whole is fetched as one response. */
  readonly isSteady: boolean;
  readonly digest: Digest | null;
  readonly adapter?: AdapterExchange | undefined;
  /** False once the URL was changed or purged since: the response then serves this request only. */
  readonly isCurrent: () => boolean;
}

export type OriginFetch = FetchedRepresentation | ({ readonly kind: 'not-modified' } & NotModified);

/**
 * Most requests to an origin in one fetch: every redirect, one more after a refused signed URL, one
 * for the whole after a range.
 */
const MAX_REQUESTS = MAX_REDIRECT_HOPS + 3;

/**
 * Fetches a representation from the origin, or resolves to its 304. Rejects with a `ForebayError`
 * when the origin gives no usable answer.
 */
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

/**
 * Returns how an answer counts for the breaker: `success`, except for a status that reports
 * overload on a response with neither validator nor lifetime.
 */
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
  // A request that insists on validation follows the whole chain, from the first hop on.
  const walk = request.fetchContext.source.walk(
    (hops) => !insists(request.headers) && mayReuse(hops, steadyNow(services.clock)),
  );
  const { rangeFaults } = request.fetchContext.source.upstream;
  let range = request.acceptsRanges
    ? firstRange(request.hint, services.limits.chunkSizeBytes)
    : null;
  // One number for the whole chain of redirects: an answer is as old as the first request of it.
  const order = services.sequence.next();
  for (let sent = 0; sent < MAX_REQUESTS; sent += 1) {
    const target = walk.target();
    const asOne = !request.isSteady || rangeFaults.has(target.url);
    if (asOne) range = null;
    const chain = adapter === undefined ? walk.chain : withoutShown(walk.chain);
    const conditions = request.conditions(chain.place);
    const requestTimeMs = services.clock.now();
    const sending = { target, range, conditions, limits: adapter?.limits };
    const exchange = OriginExchange.start(services, request.fetchContext, sending);
    const received = await exchange.head;
    const head = adapter?.readHead(received) ?? received;
    const times = { ...receivedNow(services.clock, requestTimeMs), order };
    const answer = { head, times, chain, asOne };
    const judgement = judge(head, range);
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
        // Requests for other ranges may have joined: the first byte gives all of them a head.
        exchange.stop();
        range = { start: 0, end: 1 };
        continue;
      case 'ask-whole':
        exchange.stop();
        if (judgement.odd) rangeFaults.note(target.url);
        range = null;
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
  throw new ForebayError('origin-loop', 'the origin requires too many redirects or new ranges', {
    source: 'origin',
    retryable: false,
  });
}

/**
 * True when the client demands validation at the origin or a bounded age (RFC 9111 section 5.2.1).
 */
export function insists(request: HeaderMap): boolean {
  const directives = requestDirectives(request);
  return ['no-cache', 'max-age', 'min-fresh'].some((name) => directives.has(name));
}

/**
 * Returns the chain without the fields that each hop was shown. They are the adapter's own, and the
 * adapter decides what may be shared.
 */
function withoutShown({ hops, place }: RedirectChain): RedirectChain {
  return { hops: hops.map((hop) => ({ ...hop, shown: [] })), place };
}

/**
 * Returns the range to request first: the chunk in which the client's range begins, from shortly
 * before that range, or one byte when only the head is needed. A later fetch brings the bytes of
 * the chunk before it.
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
    // The start of a suffix depends on the length, and a HEAD needs no content.
    case 'suffix':
    case 'none':
      return { start: 0, end: 1 };
  }
}

function unexpected304(): ForebayError {
  return new ForebayError('origin-protocol', 'the origin sent 304 to an unconditional request', {
    source: 'origin',
    retryable: true,
  });
}
