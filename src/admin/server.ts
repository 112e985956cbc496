/**
 * The admin listener: health, readiness and metrics, apart from the clients' port. assemble creates
 * one unless the configuration turns it off.
 */
import { fastify } from 'fastify';
import type { ListenAddress } from '../config/kinds.js';
import { ListenError } from '../http/listen.js';
import type { Metrics } from '../telemetry/metrics.js';
import { hostAllowed, originAllowed } from './host-check.js';

/**
 * `listening`: clients can connect. `cacheDecided`: it is known whether chunks are stored or served
 * through. An origin's outage makes nothing unready: what is held can be served.
 */
export interface Readiness {
  readonly listening: boolean;
  readonly cacheDecided: boolean;
}

export interface AdminOptions {
  readonly address: ListenAddress;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
}

export interface Admin {
  /** Resolves to the bound address; rejects with `ListenError`. */
  listen(): Promise<ListenAddress>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** No request has a body; fastify's default is 1 MiB. */
const BODY_LIMIT_BYTES = 1024;
/** The longest a request may take to arrive: a few hundred bytes from nearby. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Longer than the usual scrape interval, so that a scraper keeps its connection. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Creates the listener; nothing is opened before `listen`. */
export function createAdmin({ address, metrics, readiness }: AdminOptions): Admin {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: true,
  });

  app.addHook('onRequest', async (request, reply) => {
    const { host, origin } = request.headers;
    if (hostAllowed(host, address.host) && originAllowed(origin, address.host)) return;
    await reply.code(403).type('text/plain').send('host-not-allowed\n');
  });
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const { listening, cacheDecided } = readiness();
    return reply
      .code(listening && cacheDecided ? 200 : 503)
      .send({ ready: listening && cacheDecided, listening, cacheDecided });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );

  return {
    async listen() {
      try {
        await app.listen({ host: address.host, port: address.port });
      } catch (cause) {
        throw new ListenError(address, cause);
      }
      const bound = app.server.address();
      if (bound === null || typeof bound === 'string') return address;
      return { host: bound.address, port: bound.port };
    },
    close: () => app.close(),
  };
}
