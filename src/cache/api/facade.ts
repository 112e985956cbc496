/**
 * The boundary of the cache: the requests that the HTTP front makes and the answers that it gets.
 */
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

/** The bytes that a request is about, as far as its fields tell before the length is known. */
export type RangeHint =
  | { readonly kind: 'whole' }
  | RangePart
  /** Parts in the order in which they will be read. */
  | { readonly kind: 'several'; readonly ranges: readonly [RangePart, ...RangePart[]] }
  /** Metadata only (HEAD). */
  | { readonly kind: 'none' };

/** One range of a Range field; `last` is inclusive. */
export type RangePart =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | null }
  | { readonly kind: 'suffix'; readonly length: number };

/** How an adapter (room `hub`) changes the request to the origin and reads the response. */
export interface AdapterExchange {
  /** Request fields for the origin, in place of the client's. They may carry credentials. */
  readonly headers: HeaderMap;
  /** The head as the cache should read it: what may be stored, and for how long. */
  readonly readHead: (head: OriginHead) => OriginHead;
  /** Bounds of the exchange, where they differ from the defaults. */
  readonly limits?: Partial<FetchLimits>;
  /** True: a stale response replaces an unreachable origin only, not a slow one. */
  readonly isPatient?: boolean;
}

export interface CacheRequest {
  /** Name of the configured origin that the mount path chose. */
  readonly origin: string;
  /** Path below the mount and query, as received: begins with `/`, percent-encoding kept. */
  readonly target: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: HeaderMap;
  /** What the client calls this server, `https://models.example`; absent or empty: not known. */
  readonly own?: string;
  /**
   * Absent: the client's request goes to the origin unchanged, and the response counts as it is.
   */
  readonly adapter?: AdapterExchange;
  readonly hint: RangeHint;
  /** Names the client whose fetches are bounded; absent for requests that no client made. */
  readonly client?: string;
  /** Aborts when the client goes away: ends waits, never another request's fetch. */
  readonly signal: AbortSignal;
  /** Receives interim responses (RFC 9110 section 15.2) while the answer is awaited. */
  readonly interim?: ((head: OriginHead) => void) | undefined;
  /** The request's span; absent where tracing is off. */
  readonly span?: Span | undefined;
}

/** What the request cost, known when its body ends. */
export interface ReadCost {
  /** Body bytes that left the origin because of this request. */
  readonly originBytes: number;
  /** It waited on, or read from, a fetch that another request began. */
  readonly collapsed: boolean;
}

/** How far the reads of a body are: counts over the parts that were opened so far. */
export interface BodyProgress extends TransferCounts {
  /** What the next byte waits for; `null`: it is available. */
  readonly state: TransferState | null;
}

/** Reads of one representation. `close` once, on every path. */
export interface Body {
  /** Complete length; `null` while it is not known (the body can then only be read from 0). */
  readonly lengthBytes: number | null;
  /** False when only the whole can be served (unknown length). */
  readonly acceptsRanges: boolean;
  /** False: bytes are dropped once read, so reading a chunk twice fetches it twice. */
  readonly isKept: boolean;
  /**
   * The bytes of `range` as segments, in order. `end` may be `Infinity` while the length is
   * unknown. After a `failure` at `start`, the held chunk there is verified again first. The
   * iterator throws a `ForebayError` if the bytes cannot be had.
   */
  read(range: ByteRange<ObjectOffset>, after?: 'nothing' | 'failure'): AsyncIterable<Segment>;
  cost(): ReadCost;
  /** How far the reads are; a body without it has nothing to fetch. */
  progress?(): BodyProgress;
  /** Bytes of the object that the store holds now. */
  heldBytes?(): number;
  /** The same less what this request itself has brought: call it before the first `read`. */
  heldBeforeBytes?(): number;
  /**
   * Names the bytes by their ids: equal names, equal bytes. `undefined` while they are not all
   * held.
   */
  name?(): string | undefined;
  /** Resolves when all bytes read so far are committed, or cannot be. */
  landed?(): Promise<void>;
  close(): void;
}

/** A selected representation: fresh, revalidated, or just being fetched. */
export interface CacheAnswer {
  /** Status of the representation: 200, or the origin's final status (404 ...). */
  readonly status: number;
  /**
   * End-to-end response fields as stored; Age, Via, Date and Cache-Status are the front's to add.
   */
  readonly headers: HeaderMap;
  /**
   * When it was received, ms since the epoch: its Date if it came without one (RFC 9110 section
   * 6.6.1).
   */
  readonly receivedAtMs?: number | undefined;
  /** The validator that it came with; absent: the one in `headers`. */
  readonly validator?: Validator | undefined;
  /** Current age in seconds (RFC 9111 section 4.2.3), `null` for a response just received. */
  readonly ageSeconds: number | null;
  /** The request's number (model/sequence); absent where order does not matter. */
  readonly order?: number;
  readonly outcome: CacheOutcome;
  readonly body: Body;
  /** Set if this answer may be reused for later requests without a lookup. */
  readonly reusable?: ReusableHit | undefined;
  /**
   * The answer if `body` fails before its first byte; absent or `undefined`: the front reports the
   * failure.
   */
  readonly instead?: (failure: ErrorReport) => CacheAnswer | undefined;
}

/** Age and remaining lifetime of a reusable hit at one moment, in whole seconds. */
export interface HitFreshness {
  readonly ageSeconds: number;
  /** Seconds that it stays fresh. */
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
 * A hit that can be repeated: a whole 200 that answers any GET or HEAD without conditions,
 * directives and credentials while nothing has changed. If a method returns `undefined`, look the
 * request up.
 */
export interface ReusableHit {
  readonly headers: HeaderMap;
  readonly receivedAtMs: number;
  readonly lengthBytes: number;
  /** Whether the hit may be repeated now, and its age; `steadyMs` as in model/steady-time. */
  freshnessAt(steadyMs: number): HitFreshness | undefined;
  /** The bytes `start <= i < end`, of one chunk. Only in the same turn of the loop as `timesAt`. */
  open(start: ObjectOffset, end: ObjectOffset): OpenPart | undefined;
  /**
   * Opens and verifies the chunk of these bytes, if it is held, so that the next `open` succeeds.
   * Never rejects.
   */
  ready(start: ObjectOffset, end: ObjectOffset): Promise<void>;
  /** A body of the same bytes, for what could not be sent at once. In the same turn too. */
  body(request: CacheRequest): Body | undefined;
}

/** What the front needs of the cache. */
export interface CacheFacade {
  /** Rejects with a `ForebayError`. */
  lookup(request: CacheRequest): Promise<CacheAnswer>;
  /**
   * Forgets what an unsafe request made invalid (RFC 9111 section 4.4): call it with the response
   * to every forwarded request whose method is unsafe or unknown, before that response goes on to
   * the client. Does nothing for an error status. Never rejects.
   */
  invalidate(request: UnsafeRequest, response: UnsafeResponse): Promise<void>;
}

/** The target of a forwarded request: as in `CacheRequest`. */
export type UnsafeRequest = Pick<CacheRequest, 'origin' | 'target'>;

/** The final status and fields of the origin's response to it. */
export interface UnsafeResponse {
  readonly status: number;
  readonly headers: HeaderMap;
}
