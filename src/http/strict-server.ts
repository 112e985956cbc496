/**
 * Node's HTTP server with its own refusals, silent drops and unbounded waits replaced. http/server
 * makes one.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { escapedRequest, parseAnew, type Unread } from './request/raw-target.js';
import { TimedResponse } from './exchange/timed-response.js';

/** Durations in ms, as of `listen`. */
export interface StrictOptions {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

export interface Listeners {
  /** Of every request that could be read, whatever it expects. */
  readonly request: (request: IncomingMessage, response: TimedResponse) => void;
  /** CONNECT. */
  readonly tunnel: (request: IncomingMessage, socket: Duplex) => void;
  /** What node's parser or timers refused; `code` is theirs. */
  readonly unread: (code: string | undefined, socket: Duplex) => void;
}

export type StrictServer = Server<typeof IncomingMessage, typeof TimedResponse>;

/** Node's own default, made explicit: a longer head is answered 431. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * How often node looks for late heads and requests; its default of 30 s would void the timeouts.
 */
const TIMEOUT_CHECK_INTERVAL_MS = 1000;

/** Has no listeners but those that are given. */
export function strictServer(options: StrictOptions, listeners: Listeners): StrictServer {
  const server = createServer<typeof IncomingMessage, typeof TimedResponse>(
    {
      ServerResponse: TimedResponse,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      // Node would answer by itself, without an access line; http/request/screen checks the field.
      requireHostHeader: false,
      joinDuplicateHeaders: false,
      insecureHTTPParser: false,
      noDelay: true,
    },
    listeners.request,
  );
  // Node would send 100 Continue by itself; http/exchange/exchange decides whether to.
  server.on('checkContinue', listeners.request);
  // And answer other expectations itself, past the turns and the access log.
  server.on('checkExpectation', listeners.request);
  // Without a listener node closes without an answer. A tunnel has no place in a cache.
  server.on('connect', listeners.tunnel);
  server.on('clientError', (error: Unread, socket) => {
    const escaped = escapedRequest(error);
    if (escaped !== undefined && parseAnew(server, socket, escaped, MAX_HEAD_BYTES)) return;
    listeners.unread(error.code, socket);
  });
  // Node drops the fields beyond the 2000th without a word, so that a second Host could hide there;
  // the size of the head bounds them too.
  server.maxHeadersCount = 0;
  server.timeout = 0;
  // A client may shut its side after the request; node would cut the response off.
  Object.assign(server, { httpAllowHalfOpen: true });
  return server;
}
