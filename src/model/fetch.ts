/** One GET at an origin: its request, its response, and the port that performs it. */
import type { ByteRange } from './byte-range.js';
import type { HeaderMap } from './headers.js';
import type { Reach } from './reach.js';

/** The URL to fetch, with its fields and its route. Plain data, cloned to worker threads. */
export interface FetchUrl {
  /** Absolute http or https URL without fragment or userinfo. May be signed: never logged. */
  readonly url: string;
  /** Request fields beyond Host, Range, If-Range and Accept-Encoding, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** `public`: the connection is refused if the host resolves to a private or local address. */
  readonly addresses: 'any' | 'public';
  /** Expiry of a signed URL, ms since the epoch; `null` if it does not expire. */
  readonly expiresAtMs: number | null;
  /** Proxy and certificates; absent: a direct connection with the default trusted certificates. */
  readonly reach?: Reach;
}

/** The bounds of every wait in a fetch. */
export interface FetchLimits {
  /** For name lookup, TCP and TLS handshake together. */
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the response's complete head. */
  readonly firstByteTimeoutMs: number;
  /** The longest pause within a body. */
  readonly idleTimeoutMs: number;
  /** A body slower than this over `minRateWindowMs` is continued over a second connection. */
  readonly minRateBytesPerSecond: number;
  readonly minRateWindowMs: number;
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Full jitter: attempt n waits a random time below `min(cap, base * 2^n)`. */
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** The longest wait for Retry-After. A fetch with a longer one is not retried. */
  readonly retryAfterCapMs: number;
  /** Set when a 429 to the first fetch of a URL is an answer, whatever its Retry-After. */
  readonly isRateFinal?: true;
}

/** A response head from the origin. */
export interface OriginHead {
  readonly status: number;
  readonly headers: HeaderMap;
  /** Content-Length; `null` when the body's length is not declared. */
  readonly contentLength: number | null;
}

export interface OriginRequest {
  readonly target: FetchUrl;
  /** The lane whose connection is used: a lane holds at most one. */
  readonly lane: number;
  /** Bytes to request; `null` sends no Range. An `end` of `null` means to the end. */
  readonly range: { readonly start: number; readonly end: number | null } | null;
  /** Conditional fields of this attempt: `if-range`, `if-none-match`, `if-modified-since`. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly limits: FetchLimits;
  /** Aborting closes the connection and ends the fetch with `cancelled`. */
  readonly signal: AbortSignal;
}

/** The caller's decision on a response head. */
export type HeadVerdict = 'read' | 'refuse';

/**
 * Receives one response. The HTTP client calls `space()`, writes body bytes to its beginning, and
 * reports their number with `filled()`. A promise from `filled` pauses the connection until it
 * settles.
 */
export interface BodySink {
  /** Called with each interim response other than 100 and 101 (RFC 9110 section 15.2). */
  interim?(head: OriginHead): void;
  head(head: OriginHead): HeadVerdict | Promise<HeadVerdict>;
  /** Returns writable memory for the next bytes, never empty. Called before every read. */
  space(): Uint8Array;
  filled(byteCount: number): void | Promise<void>;
}

export type FetchOutcome =
  /** The body is complete according to its framing. */
  | { readonly kind: 'complete'; readonly bodyBytes: number }
  /** The sink refused the head. */
  | { readonly kind: 'refused' }
  /** This HTTP client does not support the response's framing: use the next. Nothing was read. */
  | { readonly kind: 'unsupported-framing'; readonly feature: string };

/**
 * Performs one GET, once: without retries, redirects or a check of the status. Rejects with a
 * `ForebayError` (origin-*, cancelled) when the transport fails; the connection is closed then.
 * Implementations: origin/lean-client (bulk), origin/undici-client (everything else).
 */
export interface OriginClient {
  fetch(request: OriginRequest, sink: BodySink): Promise<FetchOutcome>;
  /** Closes every idle connection. */
  close(): Promise<void>;
}

/** Content-Range of a 206 or 416 (RFC 9110 section 14.4), half-open; `null` for `*`. */
export interface ContentRange {
  readonly range: ByteRange | null;
  readonly completeLength: number | null;
}
