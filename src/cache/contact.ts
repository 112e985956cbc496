/**
 * First contact with a URL, and revalidation: asks the origin for the chunk that the request wants,
 * learns from the head what the representation is, and puts its body where readers find it. Follows
 * redirects. One contact may serve many requests (cache/lookup collapses them).
 */
import { randomBytes } from 'node:crypto';
import { MAX_REDIRECT_HOPS } from '../origin/redirect.js';
import type { BreakerVerdict } from '../origin/breaker.js';
import { type Digest } from '../model/digest.js';
import { ForebayError } from '../model/errors.js';
import type { OriginHead } from '../model/fetch.js';
import { emptyHeaders, type HeaderMap } from '../model/headers.js';
import type { ObjectIdentity } from '../model/manifest.js';
import type { StoredResponse } from '../model/response.js';
import { isStrong, validatorOf } from '../model/validator.js';
import type { RangeHint } from './answer.js';
import { OriginExchange } from './exchange.js';
import { originBusy } from './fill.js';
import { isSuccess } from './stored.js';
import { assess, isStorable, variantFields } from './freshness.js';
import type { Generation } from './generation.js';
import type { Generations } from './generations.js';
import { Intake } from './intake.js';
import { judge } from './judge.js';
import type { CacheServices } from './services.js';
import { restartStream } from './stream.js';
import { verdictOfError, verdictOfStatus } from './verdict.js';
import type { Want } from './want.js';

export interface ContactRequest {
  readonly want: Want;
  readonly headers: HeaderMap;
  readonly hint: RangeHint;
  /** `if-none-match` or `if-modified-since` to revalidate what is stored. */
  readonly conditions: Readonly<Record<string, string>>;
  /** False where the origin is known to answer ranges with the whole. */
  readonly acceptsRanges: boolean;
  readonly digest: Digest | null;
}

export interface Times {
  readonly requestTimeMs: number;
  readonly responseTimeMs: number;
}

export type Contact =
  | {
      readonly kind: 'representation';
      readonly stored: StoredResponse;
      /** Retained once for the contact: whoever awaited it releases that. */
      readonly generation: Generation;
      readonly originStatus: number;
      readonly acceptsRanges: boolean;
    }
  | { readonly kind: 'not-modified'; readonly headers: HeaderMap; readonly times: Times }
  /** A refusal, or another answer whose content is not passed on. For its asker alone. */
  | { readonly kind: 'bodiless'; readonly status: number; readonly headers: HeaderMap };

/** Requests that one contact may make: every redirect, a refusal of a signed URL, the whole asked. */
const MAX_REQUESTS = MAX_REDIRECT_HOPS + 3;

/** Statuses never stored, whatever their fields say: they speak of a credential or of load. */
const NEVER_STORED = new Set([401, 403, 407, 429]);

/** Fields that describe one transfer, not the representation (RFC 9110 section 7.6.1, 9111 3.1). */
const NOT_STORED = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-range',
  'content-length',
];

/** Rejects with a `ForebayError` when the origin gives no usable answer. */
export async function contact(
  services: CacheServices,
  generations: Generations,
  request: ContactRequest,
): Promise<Contact> {
  const { upstream } = request.want.source;
  const permit = upstream.breaker.ask();
  if (permit.kind === 'refused') throw originBusy(upstream.name, permit.retryAfterMs);
  let verdict: BreakerVerdict = 'abandoned';
  try {
    const result = await negotiate(services, generations, request);
    const status = result.kind === 'representation' ? result.originStatus : undefined;
    verdict = verdictOfStatus(status, 'success');
    return result;
  } catch (error) {
    if (error instanceof ForebayError) verdict = verdictOfError(error);
    throw error;
  } finally {
    permit.settle(verdict);
  }
}

async function negotiate(
  services: CacheServices,
  generations: Generations,
  request: ContactRequest,
): Promise<Contact> {
  const { source } = request.want;
  let asked = request.acceptsRanges
    ? firstRange(request.hint, services.limits.chunkSizeBytes)
    : null;
  for (let sent = 0; sent < MAX_REQUESTS; sent += 1) {
    const target = source.target('whole');
    const requestTimeMs = services.clock.now();
    const exchange = OriginExchange.start(services, request.want, {
      target,
      range: asked,
      conditions: request.conditions,
    });
    const head = await exchange.head;
    const times = { requestTimeMs, responseTimeMs: services.clock.now() };
    const judgement = judge(head, asked);
    switch (judgement.kind) {
      case 'redirect':
        exchange.stop();
        source.redirected(target, head);
        continue;
      case 'denied':
        if (source.refused(target)) {
          exchange.stop();
          continue;
        }
        return { kind: 'bodiless', status: head.status, headers: endToEnd(head.headers) };
      case 'bodiless':
        return { kind: 'bodiless', status: head.status, headers: endToEnd(head.headers) };
      case 'not-modified':
        exchange.stop();
        return { kind: 'not-modified', headers: endToEnd(head.headers), times };
      case 'unsatisfiable':
        // Others may have joined for other ranges: a byte from the start tells all of them what it is.
        exchange.stop();
        asked = { start: 0, end: 1 };
        continue;
      case 'ask-whole':
        exchange.stop();
        asked = null;
        continue;
      case 'nonsense':
        exchange.stop();
        throw judgement.error;
      case 'partial':
        return accept(services, generations, request, exchange, { head, times, body: judgement });
      case 'whole':
        return accept(services, generations, request, exchange, { head, times, body: 'whole' });
    }
  }
  throw new ForebayError('origin-loop', 'the origin led in circles', {
    source: 'origin',
    retryable: false,
  });
}

interface Accepted {
  readonly head: OriginHead;
  readonly times: Times;
  readonly body:
    'whole' | { readonly range: { start: number; end: number }; readonly completeLength: number };
}

/** Opens the generation that the head describes and takes the body in, where anybody wants it. */
async function accept(
  services: CacheServices,
  generations: Generations,
  request: ContactRequest,
  exchange: OriginExchange,
  { head, times, body }: Accepted,
): Promise<Contact> {
  const { want, hint } = request;
  const lengthBytes = body === 'whole' ? head.contentLength : body.completeLength;
  const described = describe(services, request, head, times, lengthBytes);
  const ephemeral = !worthStoring(services, request.headers, described);
  const stored = ephemeral ? unshared(described) : described;
  const generation = await generations.open(stored.object, { ephemeral, want });
  const { chunkSizeBytes } = services.limits;
  const index = body === 'whole' ? 0 : Math.floor(body.range.start / chunkSizeBytes);
  const reach =
    body === 'whole' || body.range.end === Math.min(lengthBytes ?? 0, (index + 1) * chunkSizeBytes);
  const aligned = body === 'whole' || body.range.start === index * chunkSizeBytes;
  const wanted = hint.kind !== 'none' && lengthBytes !== 0 && reach && aligned;
  const streaming = body === 'whole' && !isWholeInOneChunk(lengthBytes, chunkSizeBytes);
  if (streaming) generation.switchToStream((next) => restartStream(generation, next));
  const busy = generation.intake !== undefined || generation.flight(index) !== undefined;
  const held = generation.holds(index, index + 1) && !streaming;
  if (wanted && !busy && !held) {
    new Intake(generation, exchange, { index, onePart: body !== 'whole' });
  } else exchange.stop();
  return {
    kind: 'representation',
    stored,
    generation,
    originStatus: head.status,
    acceptsRanges: body !== 'whole',
  };
}

/** What is worth asking for first: the chunk that the request begins in, or a byte for its head. */
function firstRange(hint: RangeHint, chunkSizeBytes: number): { start: number; end: number } {
  switch (hint.kind) {
    case 'whole':
      return { start: 0, end: chunkSizeBytes };
    case 'from': {
      const start = Math.floor(hint.first / chunkSizeBytes) * chunkSizeBytes;
      return { start, end: start + chunkSizeBytes };
    }
    case 'several':
      return firstRange(hint.ranges[0], chunkSizeBytes);
    // Where a suffix begins depends on the length, and a HEAD wants no content at all.
    case 'suffix':
    case 'none':
      return { start: 0, end: 1 };
  }
}

function isWholeInOneChunk(lengthBytes: number | null, chunkSizeBytes: number): boolean {
  return lengthBytes !== null && lengthBytes <= chunkSizeBytes;
}

function describe(
  services: CacheServices,
  request: ContactRequest,
  head: OriginHead,
  times: Times,
  lengthBytes: number | null,
): StoredResponse {
  const headers = endToEnd(head.headers);
  const status = head.status === 206 ? 200 : head.status;
  const requestHeaders = variantFields(request.headers, headers);
  const variant = Object.entries(requestHeaders).sort(([a], [b]) => (a < b ? -1 : 1));
  const validator = validatorOf(headers);
  const { source } = request.want;
  // Only a complete answer of a known length may be joined with others, by its strong validator.
  const joinable = status === 200 && lengthBytes !== null && isStrong(validator);
  const object: ObjectIdentity = {
    origin: source.upstream.name,
    uri: source.uri,
    variant: variant.length === 0 ? '' : JSON.stringify(variant),
    validator,
    generation: joinable ? '' : newToken(),
    lengthBytes,
    chunkSizeBytes: services.limits.chunkSizeBytes,
    digest: isSuccess(status) ? request.digest : null,
  };
  return { status, headers, requestHeaders, ...times, object };
}

/** What may not be stored is nobody else's, not even while it is in flight. */
function unshared(stored: StoredResponse): StoredResponse {
  return { ...stored, object: { ...stored.object, generation: newToken() } };
}

function newToken(): string {
  return randomBytes(16).toString('hex');
}

/** Storable (RFC 9111 section 3), and of use later: fresh for a while, or to be revalidated. */
function worthStoring(
  services: CacheServices,
  request: HeaderMap,
  stored: StoredResponse,
): boolean {
  if (NEVER_STORED.has(stored.status) || !isStorable(request, stored)) return false;
  if (validatorOf(stored.headers).kind !== 'none') return true;
  return assess(stored, emptyHeaders(), services.clock).kind === 'fresh';
}

function endToEnd(headers: HeaderMap): HeaderMap {
  const kept = emptyHeaders();
  Object.assign(kept, headers);
  const named = String(headers['connection'] ?? '').split(',');
  for (const name of [...NOT_STORED, ...named]) {
    Reflect.deleteProperty(kept, name.trim().toLowerCase());
  }
  return kept;
}
