/** The boundary of the cache: what the HTTP front asks and what it gets. */
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

/** Which bytes the request is about, as far as it can be said before the length is known. */
export type RangeHint =
  | { readonly kind: 'whole' }
  | RangePart
  /** Parts in the order in which they will be read. */
  | { readonly kind: 'several'; readonly ranges: readonly [RangePart, ...RangePart[]] }
  /** Metadata only (HEAD). */
  | { readonly kind: 'none' };

/** One range as asked for; `last` is inclusive, as in the Range field. */
export type RangePart =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | null }
  | { readonly kind: 'suffix'; readonly length: number };

/** How the origin is asked, and its answer read, where an adapter speaks for it (room `hub`). */
export interface AdapterExchange {
  /** Request fields for the origin, in place of the client's. They may carry credentials. */
  readonly headers: HeaderMap;
  /** The head as the cache is to read it: what may be stored of it, and for how long. */
  readonly readHead: (head: OriginHead) => OriginHead;
  /** Bounds of the exchange, where they differ from those of others. */
  readonly limits?: Partial<FetchLimits>;
  /**
   * What is stale stands in for an origin that cannot be reached only, not for one that is slow.
   */
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
  /** Absent: the origin is asked as the client asked, and taken at its word. */
  readonly adapter?: AdapterExchange;
  readonly hint: RangeHint;
  /** Tells clients apart whose fetches are to be bounded; absent: not a client's request. */
  readonly client?: string;
  /** Aborts when the client goes away: ends waits, never another request's fetch. */
  readonly signal: AbortSignal;
  /** Takes what comes before the answer (RFC 9110 section 15.2), while it is waited for. */
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
  /** What the next byte waits for; `null`: nothing, it is at hand. */
  readonly state: TransferState | null;
}

/** Reads of one representation. `close` once, on every path. */
export interface Body {
  /** Complete length; `null` while it is not known (the body can then only be read from 0). */
  readonly lengthBytes: number | null;
  /** False when only the whole can be served (unknown length). */
  readonly acceptsRanges: boolean;
  /** False: bytes are gone once they were read, so reading a chunk twice asks the origin twice. */
  readonly isKept: boolean;
  /**
   * The bytes of `range` as segments, in order. `end` may be `Infinity` where the length is
   * unknown. `after` a failure at `start` what is held there is verified again before it is read.
   * Throws a `ForebayError` out of the iterator when the bytes cannot be had.
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
  /** Resolves when what was read so far is committed, or will not be. */
  landed?(): Promise<void>;
  close(): void;
}

/** A selected representation: fresh, revalidated, or just being fetched. */
export interface CacheAnswer {
  /** Status of the representation: 200, or what else the origin finally said (404 ...). */
  readonly status: number;
  /**
   * End-to-end response fields as stored; Age, Via, Date and Cache-Status are the front's to add.
   */
  readonly headers: HeaderMap;
  /**
   * When it was received, ms since the epoch: its Date where it came without (RFC 9110 section
   * 6.6.1).
   */
  readonly receivedAtMs?: number | undefined;
  /** What its content was known by when it came; absent: what `headers` say. */
  readonly validator?: Validator | undefined;
  /** Current age in seconds (RFC 9111 section 4.2.3), `null` for a response just received. */
  readonly ageSeconds: number | null;
  /** When it was asked for (model/sequence); absent where that is nobody's concern. */
  readonly order?: number;
  readonly outcome: CacheOutcome;
  readonly body: Body;
  /** Set if this answer may be reused for later requests without a lookup. */
  readonly reusable?: ReusableHit | undefined;
  /**
   * What to answer where `body` failed before anything was sent; without it, or with `undefined`,
   * the failure is told in the front's own words.
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
 * A hit that stands: a whole 200 that any GET or HEAD without conditions, directives and
 * credentials gets while nothing has changed. Where either method gives `undefined` the request is
 * to be looked up.
 */
export interface ReusableHit {
  readonly headers: HeaderMap;
  readonly receivedAtMs: number;
  readonly lengthBytes: number;
  /** Whether it stands, asked anew for each request. `steadyMs`: model/steady-time. */
  freshnessAt(steadyMs: number): HitFreshness | undefined;
  /** The bytes `start <= i < end`, of one chunk. Only in the same turn of the loop as `timesAt`. */
  open(start: ObjectOffset, end: ObjectOffset): OpenPart | undefined;
  /**
   * Has the chunk of these bytes opened and verified where it is held: `open` may have it then.
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
