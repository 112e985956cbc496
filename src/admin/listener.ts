/**
 * Node's HTTP server for the admin listener: connections and requests are bounded in time, size and
 * number. Made by admin/server for fastify.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { boundConnections } from './connections.js';

/** The longest a request may take to arrive: a few hundred bytes from nearby. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The longest its head may take, from the connection's beginning or from its own. */
const HEADERS_TIMEOUT_MS = 5_000;

/** How often node looks for late ones; its default of 30 s would void these. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;

/** Longer than the usual scrape interval, so that a scraper keeps its connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * A connection on which nothing goes in either direction is cut. The slowest answer takes a third
 * of this, and events have a heartbeat every 15 s: it is a client that does not read.
 */
const SILENCE_TIMEOUT_MS = 90_000;

/** Node's own default, made explicit: a longer head is answered 431. */
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Then a connection is closed, so that one that is always busy meets the bounds of new ones too.
 */
const MAX_REQUESTS_PER_CONNECTION = 10_000;

/** Bounds, for tests to lower. */
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
