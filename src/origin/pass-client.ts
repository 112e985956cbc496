/**
 * Sends one request of any method to an origin and streams the response back, without retries or
 * redirects. Runs on the main thread: its messages are rare and small compared with the objects
 * that worker threads fetch. Used by cache/passthrough/pass and hub/head-client.
 */
import { Readable } from 'node:stream';
import type * as Undici from 'undici';
import type { Dispatcher, Pool } from 'undici';
import { ForebayError } from '../model/errors.js';
import type { FetchUrl, OriginHead } from '../model/fetch.js';
import { headersFromRaw, type HeaderMap } from '../model/headers.js';
import type { ProxyAddress, Reach } from '../model/reach.js';
import { systemClock } from '../model/time.js';
import { answerOfProxy } from './proxy-error.js';
import { requestedProxy } from './reach.js';
import { secureContext } from './roots.js';
import { contentLengthOf, MAX_HEAD_BYTES } from './response-head.js';
import { guardedConnector } from './undici-connector.js';
import { warmUndici } from './warm-undici.js';
import {
  cancelledError,
  protocolError,
  resetError,
  timeoutError,
  transportError,
} from './transport-error.js';

export interface PassClientOptions {
  /** Scheme, host and port of the origin. */
  readonly origin: string;
  /** The proxy and certificates for the origin; absent: no proxy, default certificates. */
  readonly reach?: Reach | undefined;
  readonly maxConnections: number;
  /** Name lookup, TCP and TLS handshake together. */
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the head, and between bytes of the body. */
  readonly responseTimeoutMs: number;
  /**
   * True: connections are reused after a response was read to its end. Only for a caller that sends
   * safe requests and retries them, because the origin may close a kept connection at any time.
   */
  readonly keepsConnections?: boolean;
  /** `public`: a connection to a private address is refused. */
  readonly addresses?: FetchUrl['addresses'];
}

export interface PassedContent {
  /** Content-Length; `null` for chunked content. */
  readonly lengthBytes: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface PassedTarget {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Without framing, Host and Connection. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: PassedContent | null;
  readonly signal: AbortSignal;
  /** Receives interim responses. */
  readonly interim?: ((head: OriginHead) => void) | undefined;
}

export interface PassedResponse {
  readonly status: number;
  readonly headers: HeaderMap;
  /** Content-Length; `null` without one. */
  readonly lengthBytes: number | null;
  /** The body; may be iterated once. Throws a `ForebayError` when the body is cut off. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Closes the connection if the body has not been read to its end. */
  close(): void;
}

/** Codes of undici's own timeouts, which use the system's clock, not a `Clock`. */
const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

const MALFORMED: ReadonlySet<string> = new Set(['HTTPParserError', 'HeadersOverflowError']);

export class PassClient {
  readonly #options: PassClientOptions;
  #pool: Promise<Pool> | undefined;

  constructor(options: PassClientOptions) {
    this.#options = options;
  }

  /** Resolves with the head of the final response. Rejects with a `ForebayError`. */
  async send(target: PassedTarget): Promise<PassedResponse> {
    const { origin, reach } = this.#options;
    const proxy = requestedProxy(origin, reach);
    const { method, path, content, signal } = target;
    const lengthBytes = content?.lengthBytes ?? null;
    const length = lengthBytes === null ? {} : { 'content-length': String(lengthBytes) };
    let answer: Dispatcher.ResponseData;
    try {
      const pool = await (this.#pool ??= this.#open());
      answer = await pool.request({
        method,
        path: proxy === null ? path : `${origin}${path}`,
        headers: { ...target.headers, ...length, ...credentialsOf(proxy) },
        body: content === null ? null : Readable.from(content.bytes),
        signal,
        responseHeaders: 'raw',
        onInfo: ({ statusCode: status, headers: raw }) => {
          const headers = headersFromRaw(raw as unknown as string[]);
          target.interim?.({ status, headers, contentLength: null });
        },
        // By default undici closes the connection after a HEAD, because some servers send content
        // with the response. On a kept connection such content is a malformed response.
        ...(this.#options.keepsConnections === true && { reset: false }),
      });
    } catch (error) {
      throw asForebayError(error, signal, 'head');
    }
    const { statusCode, body } = answer;
    try {
      const headers = headersFromRaw(answer.headers as unknown as string[]);
      const proxyError = proxy && answerOfProxy(proxy, { status: statusCode, headers });
      if (proxyError !== null) throw proxyError;
      const declared = contentLengthOf(headers);
      const close = (): void => {
        // undici emits an error when an unread body is destroyed; here that is no fault.
        body.on('error', ignore).destroy();
      };
      const bytes = withForebayErrors(body, signal);
      return { status: statusCode, headers, lengthBytes: declared, bytes, close };
    } catch (error) {
      body.on('error', ignore).destroy();
      throw error;
    }
  }

  /** Closes every connection as soon as it is idle. Never rejects. */
  async close(): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined);
    await pool?.close().catch(ignore);
  }

  async #open(): Promise<Pool> {
    const undici = await loadUndici();
    const { origin, reach, maxConnections, connectTimeoutMs } = this.#options;
    const { responseTimeoutMs, keepsConnections, addresses = 'any' } = this.#options;
    return new undici.Pool(origin, {
      connections: maxConnections,
      // 1: one request at a time on each connection. 0: one request, then the connection is closed,
      // because an origin may close a kept connection just now and a POST must not be repeated.
      pipelining: keepsConnections === true ? 1 : 0,
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: responseTimeoutMs,
      bodyTimeout: responseTimeoutMs,
      connect: guardedConnector({
        place: { url: origin, addresses, ...(reach !== undefined && { reach }) },
        clock: systemClock,
        timeoutMs: connectTimeoutMs,
      }),
    });
  }
}

/** Loads undici on first use, like undici-client on fill threads: it takes some 50 ms. */
function loadUndici(): Promise<typeof Undici> {
  return import('undici');
}

/**
 * Loads undici and the root certificates ahead of the first request, which then need not wait for
 * them. Called by assemble where an origin may get requests through a pass client.
 */
export function warmPassClients(): void {
  // A failure is ignored here: the first request tries again and reports it.
  loadUndici()
    .then((undici) => {
      // Reading the root certificates takes as long as loading undici.
      secureContext();
      return warmUndici(undici);
    })
    .catch(() => undefined);
}

function credentialsOf(proxy: ProxyAddress | null): Readonly<Record<string, string>> {
  const value = proxy?.authorization ?? null;
  return value === null ? {} : { 'proxy-authorization': value };
}

async function* withForebayErrors(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw asForebayError(error, signal, 'body');
  }
}

/** Maps an error of undici. `phase`: the part of the response that failed. */
function asForebayError(error: unknown, signal: AbortSignal, phase: 'head' | 'body'): ForebayError {
  if (error instanceof ForebayError) return error;
  if (signal.aborted) return cancelledError();
  const { code, name, message } = describe(error);
  if (TIMEOUTS.has(code)) return timeoutError(`the origin sent nothing in time: ${code}`);
  if (code.startsWith('HPE_') || MALFORMED.has(name)) {
    return protocolError(`a malformed response: ${message}`);
  }
  // In the head this code means contradictory framing fields.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return phase === 'body'
      ? resetError('the body ended before its Content-Length')
      : protocolError('contradictory framing');
  }
  return transportError(error, 'connected');
}

function describe(error: unknown): { code: string; name: string; message: string } {
  if (!(error instanceof Error)) return { code: '', name: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, name: error.name, message: error.message };
}

function ignore(): void {
  // Each caller has a comment on why it ignores errors.
}
