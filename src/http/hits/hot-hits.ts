/**
 * Fast path for hits: answers an unconditional GET or HEAD synchronously when the last answer for
 * its URL is still valid. http/server tries it first; if it cannot answer, it has done nothing, and
 * an exchange runs.
 */
import { LRUCache } from 'lru-cache';
import type { IncomingMessage } from 'node:http';
import type {
  CacheFacade,
  CacheRequest,
  OpenPart,
  ReusableHit,
  HitFreshness,
} from '../../cache/api/facade.js';
import { headerBytes } from '../../model/headers.js';
import type { InlineSendEnd } from '../../model/segment.js';
import { steadyNow } from '../../model/steady-time.js';
import type { RequestRecord } from '../../telemetry/request-record.js';
import { type PartialSend, partialSendOf, type SentPart } from '../exchange/partial-send.js';
import { withCors } from '../access/cross-origin.js';
import { type PlainRequest, readPlain, readPlainRange } from '../request/plain-request.js';
import { requestId } from '../request/request-id.js';
import type { ExchangeDeps } from '../exchange/deps.js';
import { type Mount, route } from '../request/route.js';
import { HotHitHead } from './hot-hit-head.js';
import type { TimedResponse } from '../exchange/timed-response.js';

/** URLs whose hits are remembered. One that is forgotten is looked up once. */
const MAX_HOT_HITS = 1024;

/**
 * Bound on their memory: the greatest number of them with heads of 2 KiB. Heads of 62 KiB are
 * allowed and would take five times 62 MiB without this bound.
 */
const MAX_HOT_HITS_BYTES = 16 * 1024 * 1024;

/** A head's fields, its text for the whole and for a part, and both again in the hit server. */
const COPIES_OF_HEAD = 5;

/** Status lines, fields of a part and of the connection, and the objects that hold them. */
const BESIDE_HEAD_BYTES = 2048;

/** A longer URL is always looked up: heads may be 16 KiB, and remembered ones are to stay small. */
const MAX_URL_CHARACTERS = 2048;

/** A URL whose answer is remembered. */
export interface HotHit {
  readonly reusable: ReusableHit;
  readonly head: HotHitHead;
  readonly origin: string;
  readonly target: string;
  /** The front's when it was learnt: after a reload its URL may mean another object. */
  readonly mounts: readonly Mount[];
}

/** How it went. */
export type Attempt =
  | { readonly kind: 'not-here' }
  /** Answered and recorded. */
  | { readonly kind: 'answered' }
  /** The connection took a part: an `Exchange` is to `resume` it. */
  | { readonly kind: 'begun'; readonly partial: PartialSend };

export const NOT_HERE: Attempt = { kind: 'not-here' };
const ANSWERED: Attempt = { kind: 'answered' };

/** Hears which URLs are remembered. */
export interface HotHitListener {
  learnt(url: string, entry: HotHit): void;
  forgotten(url: string): void;
}

export class HotHits {
  readonly #entries: LRUCache<string, HotHit>;
  #keepAliveTimeoutMs: number;
  #listener: HotHitListener | null = null;

  constructor(keepAliveTimeoutMs: number) {
    this.#keepAliveTimeoutMs = keepAliveTimeoutMs;
    this.#entries = new LRUCache<string, HotHit>({
      max: MAX_HOT_HITS,
      maxSize: MAX_HOT_HITS_BYTES,
      sizeCalculation: bytesOf,
      dispose: (_entry, url) => this.#listener?.forgotten(url),
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Before anything is learnt. */
  listen(listener: HotHitListener): void {
    this.#listener = listener;
  }

  /** Drops cached heads: they contain the old Keep-Alive timeout. */
  reconfigure(keepAliveTimeoutMs: number): void {
    this.#keepAliveTimeoutMs = keepAliveTimeoutMs;
    this.#entries.clear();
  }

  /** `cache`, with its hits remembered by the URL that `mounts` give them. */
  learningFrom(
    cache: CacheFacade,
    deps: () => Pick<ExchangeDeps, 'mounts' | 'access' | 'clock'>,
  ): CacheFacade {
    return {
      lookup: async (request) => {
        const answer = await cache.lookup(request);
        if (answer.reusable !== undefined) this.#learn(request, answer.reusable, deps());
        return answer;
      },
      invalidate: (request, response) => cache.invalidate(request, response),
    };
  }

  /** Answers `request`, whose turn it is and which nothing refuses, if that takes no wait. */
  attempt(request: IncomingMessage, response: TimedResponse, deps: ExchangeDeps): Attempt {
    const { sender, telemetry, clock, mounts, access } = deps;
    const entry = this.#entries.get(request.url ?? '');
    // Spans and answers that end their connection are an exchange's.
    if (entry === undefined || sender.inline === null || telemetry.tracer !== null) return NOT_HERE;
    if (!response.shouldKeepAlive || response.socket === null) return NOT_HERE;
    const plain = readPlain(request);
    if (plain === undefined || !access.admitsHost(plain.host, entry.origin)) return NOT_HERE;
    const part = partOf(plain, entry.reusable.lengthBytes);
    if (part === undefined || lengthOf(plain, part, entry) > sender.inline.maxBytes)
      return NOT_HERE;
    const startedAt = clock.monotonic();
    const nowMs = clock.now();
    const times = this.timesOf(request.url ?? '', mounts, steadyNow(clock));
    if (times === undefined) return NOT_HERE;
    const open = openPart(plain, part, entry);
    if (open === undefined) return NOT_HERE;
    const id = requestId(plain.requestId);
    let end: InlineSendEnd;
    try {
      end = sender.inline.send(response, entry.head.text(part, times, nowMs, id), open);
    } finally {
      open?.release();
    }
    switch (end.kind) {
      case 'nothing':
        return NOT_HERE;
      case 'all': {
        const record = nativeHitRecord(
          request,
          plain,
          id,
          part,
          open,
          clock.monotonic() - startedAt,
        );
        recordHit(entry, record, deps, nowMs);
        return ANSWERED;
      }
      case 'some':
        return {
          kind: 'begun',
          partial: partialSendOf(
            entry,
            { requestId: id, part, isHead: plain.method === 'HEAD' },
            times,
            end.bytesSent,
          ),
        };
    }
  }

  /**
   * Age and remaining freshness of the answer for `url`; forgets an answer that is not valid any
   * more.
   */
  timesOf(url: string, mounts: readonly Mount[], steadyMs: number): HitFreshness | undefined {
    const entry = this.#entries.get(url);
    if (entry === undefined) return undefined;
    const times = entry.mounts === mounts ? entry.reusable.freshnessAt(steadyMs) : undefined;
    if (times === undefined) this.#entries.delete(url);
    return times;
  }

  #learn(
    { origin, target }: CacheRequest,
    reusable: ReusableHit,
    { mounts, access, clock }: Pick<ExchangeDeps, 'mounts' | 'access' | 'clock'>,
  ): void {
    const mount = mounts.find(({ name }) => name === origin)?.mount ?? '/';
    const url = mount === '/' ? target : mount + target;
    if (url.length > MAX_URL_CHARACTERS) return;
    // The entry that is there is as good, and may be in use.
    if (this.timesOf(url, mounts, steadyNow(clock)) !== undefined) return;
    const routed = route(url, mounts);
    if (routed.kind !== 'routed' || routed.origin !== origin || routed.target !== target) return;
    const headers = withCors(reusable.headers, access.plainFields(origin));
    const { lengthBytes, receivedAtMs } = reusable;
    const input = { headers, lengthBytes, receivedAtMs };
    const head = new HotHitHead(input, this.#keepAliveTimeoutMs);
    const entry = { reusable, head, origin, target, mounts };
    this.#entries.set(url, entry);
    if (this.#entries.has(url)) this.#listener?.learnt(url, entry);
  }
}

/** Memory of an entry, by the parts that may be long. */
function bytesOf({ reusable, target }: HotHit, url: string): number {
  const strings = 2 * (url.length + target.length);
  return BESIDE_HEAD_BYTES + COPIES_OF_HEAD * headerBytes(reusable.headers) + strings;
}

/** Records a request that was answered in one call: metrics, access log, transfer table. */
export function recordHit(
  entry: Pick<HotHit, 'origin' | 'target'>,
  record: RequestRecord,
  { telemetry, requests }: Pick<ExchangeDeps, 'telemetry' | 'requests'>,
  nowMs: number,
): void {
  telemetry.metrics.requestStarted();
  telemetry.metrics.requestFinished(record);
  telemetry.accessLog.requestFinished(record);
  requests.startAndEnd((id) => ({
    id,
    requestId: record.requestId,
    method: record.method,
    origin: entry.origin,
    target: entry.target,
    range: record.range,
    startedAtMs: nowMs,
    answered: true,
    lengthBytes: record.bytesSent,
    receivedBytes: 0,
    verifiedBytes: 0,
    committedBytes: 0,
    sentBytes: record.bytesSent,
    state: { kind: 'done' },
  }));
}

/** The requested part: `null` for all of it, `undefined` if the fast path does not support it. */
function partOf({ method, rangeField }: PlainRequest, lengthBytes: number): SentPart | undefined {
  // Range is defined for GET alone (RFC 9110 section 14.2).
  if (method === 'HEAD' || rangeField === null) return null;
  const range = readPlainRange(rangeField, lengthBytes);
  if (range === undefined) return undefined;
  const last = Math.min(range.last ?? Infinity, lengthBytes - 1);
  return { start: range.first, end: last + 1 };
}

function lengthOf({ method }: PlainRequest, part: SentPart, { reusable }: HotHit): number {
  if (method === 'HEAD') return 0;
  return part === null ? reusable.lengthBytes : part.end - part.start;
}

/** The bytes of the body; `null` for none. */
function openPart(
  plain: PlainRequest,
  part: SentPart,
  { reusable }: HotHit,
): OpenPart | null | undefined {
  const { start, end } = part ?? { start: 0, end: reusable.lengthBytes };
  return plain.method === 'HEAD' || end === 0 ? null : reusable.open(start, end);
}

function nativeHitRecord(
  request: IncomingMessage,
  plain: PlainRequest,
  id: string,
  part: SentPart,
  open: OpenPart | null,
  waitMs: number,
): RequestRecord {
  return {
    requestId: id,
    traceId: null,
    method: plain.method,
    target: request.url ?? '',
    range: plain.rangeField,
    status: part === null ? 200 : 206,
    result: 'hit',
    ending: 'complete',
    code: null,
    collapsed: false,
    bytesSent: open?.length ?? 0,
    originBytes: 0,
    waitMs,
    transferMs: 0,
  };
}
