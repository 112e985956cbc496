/** One GET at an origin: the request, the outcome, and the port that performs it. */
import type { ByteRange } from './byte-range.js';
import type { HeaderMap } from './headers.js';
import type { Reach } from './reach.js';

/** Where and how to fetch. Plain data: it travels to worker threads by structured clone. */
export interface FetchUrl {
  /** Absolute http or https URL without fragment or userinfo. May be signed: never logged. */
  readonly url: string;
  /** Request fields beyond Host, Range, If-Range and Accept-Encoding, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** `public`: the connection is refused if the host resolves to a private or local address. */
  readonly addresses: 'any' | 'public';
  /** When a signed URL stops working, ms since the epoch; `null` when it does not. */
  readonly expiresAtMs: number | null;
  /** The way there; absent: straight, with the certificates that are trusted anyway. */
  readonly reach?: Reach;
}

/** The named bounds of every wait in a fetch. */
export interface FetchLimits {
  /** Name lookup, TCP and TLS handshake together. */
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the response's complete head. */
  readonly firstByteTimeoutMs: number;
  /** The longest silence within a body. */
  readonly idleTimeoutMs: number;
  /** A body slower than this over `minRateWindowMs` is fetched on from a second connection. */
  readonly minRateBytesPerSecond: number;
  readonly minRateWindowMs: number;
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Full jitter: attempt n waits a random time below `min(cap, base * 2^n)`. */
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** The longest wait that Retry-After may demand; a request with a longer one is not retried. */
  readonly retryAfterCapMs: number;
  /** A 429 to the first fetch of a URL is final, whatever wait it demands. */
  readonly isRateFinal?: true;
}

/** A response head at the origin. */
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
  /** Requested bytes; `null` sends no Range. An `end` of `null` requests all bytes from `start`. */
  readonly range: { readonly start: number; readonly end: number | null } | null;
  /** Conditional fields of this attempt: `if-range`, `if-none-match`, `if-modified-since`. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly limits: FetchLimits;
  /** Aborting drops the connection and ends the fetch with `cancelled`. */
  readonly signal: AbortSignal;
}

/** What the caller decides on a response head. */
export type HeadVerdict = 'read' | 'refuse';

/**
 * Receives one response. The client writes body bytes to the beginning of `space()` and reports
 * their number with `filled()`; a promise from `filled` pauses the connection until it settles.
 */
export interface BodySink {
  /** An interim response other than 100 and 101 (RFC 9110 section 15.2), before the head. */
  interim?(head: OriginHead): void;
  head(head: OriginHead): HeadVerdict | Promise<HeadVerdict>;
  /** Writable memory for the next bytes; never empty. Called before every read. */
  space(): Uint8Array;
  filled(byteCount: number): void | Promise<void>;
}

export type FetchOutcome =
  /** The body ended as its framing says. */
  | { readonly kind: 'complete'; readonly bodyBytes: number }
  /** The sink refused the head. */
  | { readonly kind: 'refused' }
  /**
   * This client does not support the response's framing: another must fetch it. No body byte was
   * read.
   */
  | { readonly kind: 'unsupported-framing'; readonly feature: string };

/**
 * Performs one GET, once: no retry, no redirect, no judgement of status. Rejects with a
 * `ForebayError` (origin-*, cancelled) when the transport fails, after which the connection is
 * gone. Implementations: origin/lean-client (bulk), origin/undici-client (everything else).
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
