/**
 * Creates Node's HTTP server for the admin listener, with bounds on the duration, size and number
 * of connections and requests. Used by admin/server, which gives it to fastify.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { boundConnections } from './connections.js';

/** The longest time for a request to arrive: a few hundred bytes from nearby. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The longest time for a request's head to arrive. */
const HEADERS_TIMEOUT_MS = 5_000;

/** How often Node checks these timeouts; its default of 30 s would be too coarse. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;

/** Longer than the usual scrape interval, so that a scraper keeps its connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * A connection without traffic in either direction for so long is closed. The slowest answer takes
 * a third of this, and events have a heartbeat every 15 s, so that its client does not read.
 */
const SILENCE_TIMEOUT_MS = 90_000;

/** Node's own default, made explicit: a longer head is answered 431. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * After so many requests a connection is closed, so that a client that is always busy has to
 * connect anew, within the bound on connections.
 */
const MAX_REQUESTS_PER_CONNECTION = 10_000;

/** Bounds that tests lower. */
export interface ListenerBounds {
  readonly maxConnections?: number;
  readonly headersTimeoutMs?: number;
}

export function createListener(
  handler: RequestListener,
  { maxConnections, headersTimeoutMs = HEADERS_TIMEOUT_MS }: ListenerBounds = {},
): Server {
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    handler,
  );
  server.setTimeout(SILENCE_TIMEOUT_MS);
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  boundConnections(server, maxConnections);
  return server;
}
