/**
 * Sends one request of any method to an origin and streams the response back, without retries and
 * redirects. Runs on the main thread: such requests are rare and small beside the objects that
 * worker threads fetch. Used by cache/passthrough/pass and hub/head-client.
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
  /** The way there; absent: straight. */
  readonly reach?: Reach | undefined;
  readonly maxConnections: number;
  /** Name lookup, TCP and TLS handshake together. */
  readonly connectTimeoutMs: number;
  /** From the request's last byte to the head, and between bytes of the body. */
  readonly responseTimeoutMs: number;
  /**
   * Connections are used again once a response was read to its end. Only for who sends safe
   * requests, and sends them again: the origin may close a kept connection at any time.
   */
  readonly keepsConnections?: boolean;
  /** `public`: the connection is refused where the host has a private address. */
  readonly addresses?: FetchUrl['addresses'];
}

export interface PassedContent {
  /** Content-Length; `null`: chunked. */
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
  /** Takes interim responses. */
  readonly interim?: ((head: OriginHead) => void) | undefined;
}

export interface PassedResponse {
  readonly status: number;
  readonly headers: HeaderMap;
  /** Content-Length; `null` without one. */
  readonly lengthBytes: number | null;
  /** Once, to its end. Throws a `ForebayError` when the body is cut off. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Drops the connection if the body has not been read. */
  close(): void;
}

/** undici's own bounds, which run on the machine's clock. */
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
        // Else undici closes after a HEAD: some servers send content with it, which is then
        // malformed.
        ...(this.#options.keepsConnections === true && { reset: false }),
      });
    } catch (error) {
      throw nameOf(error, signal, 'head');
    }
    const { statusCode, body } = answer;
    try {
      const headers = headersFromRaw(answer.headers as unknown as string[]);
      const proxys = proxy && answerOfProxy(proxy, { status: statusCode, headers });
      if (proxys !== null) throw proxys;
      const declared = contentLengthOf(headers);
      const close = (): void => {
        // undici reports the destruction of an unread body as an error; here it is none.
        body.on('error', ignore).destroy();
      };
      const bytes = named(body, signal);
      return { status: statusCode, headers, lengthBytes: declared, bytes, close };
    } catch (error) {
      body.on('error', ignore).destroy();
      throw error;
    }
  }

  /** Closes its connections once they are idle. Never rejects. */
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
      // A kept connection may have been closed by the origin just now, and a POST is not sent
      // again. One request at a time on each, or one and no more.
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

/** Loaded on first need, like the fetch threads' own: it takes some 50 ms. */
function loadUndici(): Promise<typeof Undici> {
  return import('undici');
}

/** Prepares undici in the background, so that the first client need not wait for it. */
export function warmPassClients(): void {
  // A failure is repeated and reported by the first request.
  loadUndici()
    .then((undici) => {
      // The roots take as long to read as undici to load.
      secureContext();
      return warmUndici(undici);
    })
    .catch(() => undefined);
}

function credentialsOf(proxy: ProxyAddress | null): Readonly<Record<string, string>> {
  const value = proxy?.authorization ?? null;
  return value === null ? {} : { 'proxy-authorization': value };
}

async function* named(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw nameOf(error, signal, 'body');
  }
}

/** No retry: whether the request was idempotent is not known here. */
function nameOf(error: unknown, signal: AbortSignal, within: 'head' | 'body'): ForebayError {
  if (error instanceof ForebayError) return error;
  if (signal.aborted) return cancelledError();
  const { code, name, message } = describe(error);
  if (TIMEOUTS.has(code)) return timeoutError(`the origin was too slow: ${code}`);
  if (code.startsWith('HPE_') || MALFORMED.has(name)) {
    return protocolError(`a malformed response: ${message}`);
  }
  // Before a head it is the framing that contradicts itself.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return within === 'body'
      ? resetError('a body cut off')
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
  // See `warmPassClients`.
}
