/** The cache's interface to the HTTP front: requests, answers, bodies and reusable hits. */
import type { ByteRange } from '../../model/byte-range.js';
import type { ErrorReport } from '../../model/errors.js';
import type { FetchLimits, OriginHead } from '../../model/fetch.js';
import type { HeaderMap } from '../../model/headers.js';
import type { Span } from '../../model/span.js';
import type { OpenFile, Segment } from '../../model/segment.js';
import type { TransferCounts, TransferState } from '../../model/transfer.js';
import type { Validator } from '../../model/validator.js';
import type { ChunkOffset, ObjectOffset } from '../../model/offset.js';
import type { CacheOutcome } from './outcome.js';

/** The requested bytes, as far as they can be named before the length is known. */
export type RangeHint =
  | { readonly kind: 'whole' }
  | RangePart
  /** Parts in the order in which they will be read. */
  | { readonly kind: 'several'; readonly ranges: readonly [RangePart, ...RangePart[]] }
  /** Metadata only (HEAD). */
  | { readonly kind: 'none' };

/** One requested range; `last` is inclusive, as in the Range field. */
export type RangePart =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | null }
  | { readonly kind: 'suffix'; readonly length: number };

/** How an adapter (room `hub`) replaces parts of the exchange with the origin. */
export interface AdapterExchange {
  /** Request fields for the origin, in place of the client's. They may carry credentials. */
  readonly headers: HeaderMap;
  /** Returns the head as the cache treats it: its fields decide what is stored, and how long. */
  readonly readHead: (head: OriginHead) => OriginHead;
  /** Limits of this exchange that differ from the configured ones. */
  readonly limits?: Partial<FetchLimits>;
  /** True when a stale response replaces a slow origin only after the first-byte timeout. */
  readonly isPatient?: boolean;
}

export interface CacheRequest {
  /** Name of the configured origin that the mount path chose. */
  readonly origin: string;
  /** Path below the mount and query, as received: begins with `/`, percent-encoding kept. */
  readonly target: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: HeaderMap;
  /** This server's base URL as clients see it, `https://a.example`; absent or empty: unknown. */
  readonly own?: string;
  /** Absent: the client's fields go to the origin, and its head is used unchanged. */
  readonly adapter?: AdapterExchange;
  readonly hint: RangeHint;
  /** Identifies the client whose fetches are limited; absent: not a client's request. */
  readonly client?: string;
  /** Aborts when the client disconnects: ends this request's waits, never another's fetch. */
  readonly signal: AbortSignal;
  /** Receives interim responses (RFC 9110 section 15.2) while the request waits for its answer. */
  readonly interim?: ((head: OriginHead) => void) | undefined;
  /** The request's span; absent where tracing is off. */
  readonly span?: Span | undefined;
}

/** What the request cost, known when its body ends. */
export interface ReadCost {
  /** Body bytes that left the origin because of this request. */
  readonly originBytes: number;
  /** True when the request waited on, or read from, a fetch that another request began. */
  readonly collapsed: boolean;
}

/** Progress of a body's reads: counts over the parts opened so far. */
export interface BodyProgress extends TransferCounts {
  /** What the next byte waits for; `null` when it is available. */
  readonly state: TransferState | null;
}

/** The body of one representation. Call `close` once, on every path. */
export interface Body {
  /** Complete length; `null` while it is not known (the body can then only be read from 0). */
  readonly lengthBytes: number | null;
  /** False when only the whole can be served (unknown length). */
  readonly acceptsRanges: boolean;
  /** False when bytes are gone once read, so that reading a chunk twice fetches it twice. */
  readonly isKept: boolean;
  /**
   * Yields the bytes of `range` as segments, in order. `end` may be `Infinity` where the length is
   * unknown. With `after` `'failure'`, the stored chunk at `start` is verified again before it is
   * read. The iterator throws a `ForebayError` when the bytes are not available.
   */
  read(range: ByteRange<ObjectOffset>, after?: 'nothing' | 'failure'): AsyncIterable<Segment>;
  cost(): ReadCost;
  /** Returns the progress of the reads; absent on a body that has nothing to fetch. */
  progress?(): BodyProgress;
  /** Returns the bytes of the object that the store holds now. */
  heldBytes?(): number;
  /**
   * Returns `heldBytes` without the chunk that this request's first fetch brought. Call it before
   * the first `read`.
   */
  heldBeforeBytes?(): number;
  /**
   * Returns a name made of the chunk ids: equal names mean equal bytes. `undefined` while a chunk
   * is not held.
   */
  name?(): string | undefined;
  /**
   * Resolves when each chunk read so far is committed, or will not be. Rejects at the request
   * timeout.
   */
  landed?(): Promise<void>;
  close(): void;
}

/** A selected representation: fresh, revalidated, or being fetched. */
export interface CacheAnswer {
  /** Status of the representation: 200, or another final status of the origin (404 ...). */
  readonly status: number;
  /** End-to-end response fields as stored; the front adds Age, Via, Date and Cache-Status. */
  readonly headers: HeaderMap;
  /**
   * When the response was received, ms since the epoch. It is the Date of a response that came
   * without one (RFC 9110 section 6.6.1).
   */
  readonly receivedAtMs?: number | undefined;
  /** The content's validator at the time it was received; absent: `headers` have it. */
  readonly validator?: Validator | undefined;
  /** Current age in seconds (RFC 9111 section 4.2.3), `null` for a response just received. */
  readonly ageSeconds: number | null;
  /** Sequence number of the request to the origin (model/sequence); absent where none is needed. */
  readonly order?: number;
  readonly outcome: CacheOutcome;
  readonly body: Body;
  /** Set if this answer may be reused for later requests without a lookup. */
  readonly reusable?: ReusableHit | undefined;
  /**
   * Returns the answer to send after `body` failed before its first byte was sent. Where it is
   * absent or returns `undefined`, the front sends its own error response.
   */
  readonly instead?: (failure: ErrorReport) => CacheAnswer | undefined;
}

/** Age and remaining lifetime of a reusable hit at one moment, in whole seconds. */
export interface HitFreshness {
  readonly ageSeconds: number;
  /** Seconds until it is stale. */
  readonly ttlSeconds: number;
}

/** A part of a held chunk, open and leased until `release`. */
export interface OpenPart {
  readonly file: OpenFile;
  readonly offset: ChunkOffset;
  readonly length: number;
  /** Bytes of the whole chunk. */
  readonly fileLength: number;
  release(): void;
}

/**
 * A hit that is answered again without a lookup: a whole 200 for any GET or HEAD without
 * conditions, cache directives and credentials, while nothing has changed. When a method returns
 * `undefined`, the caller looks the request up.
 */
export interface ReusableHit {
  readonly headers: HeaderMap;
  readonly receivedAtMs: number;
  readonly lengthBytes: number;
  /**
   * Returns the hit's freshness, or `undefined` when it may not be reused. Call it for each
   * request. `steadyMs`: model/steady-time.
   */
  freshnessAt(steadyMs: number): HitFreshness | undefined;
  /**
   * Opens the bytes `start <= i < end`, of one chunk. Call it in the same turn of the event loop
   * as `freshnessAt`.
   */
  open(start: ObjectOffset, end: ObjectOffset): OpenPart | undefined;
  /**
   * Opens and verifies the chunk of these bytes if it is held, so that `open` can return it.
   * Never rejects.
   */
  ready(start: ObjectOffset, end: ObjectOffset): Promise<void>;
  /**
   * Returns a body of the same bytes, for those that could not be sent at once. Call it in the
   * same turn as `freshnessAt`.
   */
  body(request: CacheRequest): Body | undefined;
}

/** The methods of the cache that the front calls. */
export interface CacheFacade {
  /** Rejects with a `ForebayError`. */
  lookup(request: CacheRequest): Promise<CacheAnswer>;
  /**
   * Forgets the stored responses that an unsafe request made invalid (RFC 9111 section 4.4). Call
   * it with the response to every forwarded request whose method is unsafe or unknown, before
   * sending that response to the client. Does nothing for an error status. Never rejects.
   */
  invalidate(request: UnsafeRequest, response: UnsafeResponse): Promise<void>;
}

/** The target of a forwarded request, as in `CacheRequest`. */
export type UnsafeRequest = Pick<CacheRequest, 'origin' | 'target'>;

/** The final status and fields of the origin's response to an unsafe request. */
export interface UnsafeResponse {
  readonly status: number;
  readonly headers: HeaderMap;
}
