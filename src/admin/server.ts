/**
 * The admin listener, on a port separate from the clients'. Makes routes of the given operations,
 * checks Host, Origin and token, and serves the OpenAPI description. assemble creates it unless the
 * configuration turns it off.
 */
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ListenAddress } from '../config/kinds.js';
import { ListenError } from '../http/exchange/listen.js';
import type { Metrics } from '../telemetry/metrics.js';
import { checkedCall } from './check.js';
import { type EndpointAnswer, type Endpoint, problem } from './endpoint.js';
import { STREAM_FIELDS } from './feeds.js';
import { withoutQueries } from './hidden.js';
import { hostAllowed, originAllowed } from './host-check.js';
import { createListener, type ListenerBounds } from './listener.js';
import { openApi } from './openapi.js';
import { endpointName } from './proof.js';
import { healthEndpoints, type Readiness } from './routes/health.js';
import { bearerOf, type Token } from './token.js';

export type { Readiness } from './routes/health.js';

export interface AdminOptions {
  readonly address: ListenAddress;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  /** The operations beside health, metrics and the description. */
  readonly endpoints?: readonly Endpoint[];
  /** Needed for changes and to see the queries of URLs; without it changes are refused. */
  readonly token?: Token;
  /** The program's version, for the description. */
  readonly version?: string;
  /** Overrides the listener's bounds, for tests. */
  readonly bounds?: ListenerBounds;
}

export interface Admin {
  /** Starts listening. Resolves with the bound address; rejects with a `ListenError`. */
  listen(): Promise<ListenAddress>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/**
 * The default limit: most bodies are a few names, and operations that take lists raise it.
 * fastify's default is 1 MiB.
 */
const BODY_LIMIT_BYTES = 16 * 1024;

const NO_TOKEN: Token = { kind: 'unavailable', why: 'there is no admin token' };

/** Creates the listener; nothing is opened before `listen`. */
export function createAdmin({
  address,
  metrics,
  readiness,
  endpoints = [],
  token = NO_TOKEN,
  version = '0.0.0',
  bounds = {},
}: AdminOptions): Admin {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    serverFactory: (handler) => createListener(handler, bounds),
    forceCloseConnections: true,
  });
  app.addHook('onRequest', async (request, reply) => {
    const { host, origin } = request.headers;
    if (hostAllowed(host, address.host) && originAllowed(origin, address.host)) return;
    const message = 'the Host or Origin field names another host';
    await send(reply, problem(403, 'host-not-allowed', message));
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _request, reply) => {
    await send(reply, problemOf(error));
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await send(reply, problem(404, 'no-such-route', 'no such path; /openapi.json lists all'));
  });
  const all = [...healthEndpoints(metrics, readiness), ...endpoints];
  const described: Endpoint[] = [...all, descriptionOf(() => openApi(described, version))];
  for (const one of described) addRoute(app, one, token);

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

function descriptionOf(document: () => unknown): Endpoint {
  let made: unknown;
  return {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'describe',
    summary: 'This description.',
    mutates: false,
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({}) } },
    handle: () => ({ kind: 'json', status: 200, body: (made ??= document()) }),
  };
}

function addRoute(app: FastifyInstance, one: Endpoint, token: Token): void {
  app.route({
    method: one.method,
    url: one.path.replace(/\{(\w+)\}/g, ':$1'),
    bodyLimit: one.bodyLimitBytes ?? BODY_LIMIT_BYTES,
    // Checked before the body is read, so that no body without the token is parsed.
    ...(one.mutates && {
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        const refusal = refusalOf(request, reply, token);
        if (refusal !== undefined) await send(reply, refusal);
      },
    }),
    handler: async (request, reply) => {
      const isTrusted = holdsToken(request, token);
      await send(reply, await answerTo(one, request, isTrusted), isTrusted);
    },
  });
}

async function answerTo(
  one: Endpoint,
  request: FastifyRequest,
  isTrusted: boolean,
): Promise<EndpointAnswer> {
  const checked = checkedCall(one, request);
  if ('problem' in checked) return checked.problem;
  const { localAddress, localPort } = request.socket;
  const reachedAt = endpointName(localAddress, localPort);
  return one.handle({ ...checked.call, isTrusted, reachedAt });
}

function holdsToken(request: FastifyRequest, token: Token): boolean {
  const offered = bearerOf(request.headers.authorization);
  return offered !== undefined && token.kind === 'ready' && token.accepts(offered);
}

function refusalOf(
  request: FastifyRequest,
  reply: FastifyReply,
  token: Token,
): EndpointAnswer | undefined {
  if (token.kind === 'unavailable') return problem(403, 'token-unavailable', token.why);
  if (holdsToken(request, token)) return undefined;
  const offered = bearerOf(request.headers.authorization);
  // RFC 6750 section 3.
  const wrong = offered === undefined ? '' : ', error="invalid_token"';
  reply.header('www-authenticate', `Bearer realm="forebay"${wrong}`);
  return problem(
    401,
    'token-required',
    'changes need the admin token: Authorization: Bearer TOKEN',
  );
}

async function send(reply: FastifyReply, answer: EndpointAnswer, isTrusted = false): Promise<void> {
  switch (answer.kind) {
    case 'json':
      await reply.code(answer.status).send(isTrusted ? answer.body : withoutQueries(answer.body));
      return;
    case 'text':
      await reply.code(answer.status).type(answer.type).send(answer.text);
      return;
    case 'events':
      // A stream for HEAD would stay open unread, and occupy one of the listeners.
      if (reply.request.method === 'HEAD') {
        reply.hijack();
        reply.raw.writeHead(200, STREAM_FIELDS).end();
      } else if (answer.join(reply.raw, isTrusted)) reply.hijack();
      else await send(reply, problem(503, 'too-many-listeners', 'too many event streams are open'));
  }
}

function problemOf(error: Error & { statusCode?: number }): EndpointAnswer {
  const status = error.statusCode ?? 500;
  if (status === 413) return problem(413, 'too-large', error.message);
  if (status >= 400 && status < 500) return problem(400, 'bad-request', error.message);
  return problem(500, 'internal', error.message);
}
