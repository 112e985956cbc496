import { once } from 'node:events';
import http from 'node:http';
import t, { type Test } from 'tap';
import { AdminClient, ApiError, NotAnsweringError, UnprovenError } from '#src/cli/admin-client.js';
import type { Pull } from '#src/cli/api-types.js';
import { listenOn } from '#src/http/exchange/listen.js';
import { ADMIN_TOKEN, type AdminHandler, proving } from '../fixtures/proving.js';

/** An answer that has not come by then waits behind the event stream. */
const ANSWER_BOUND_MS = 20_000;

/** A client of a server that answers as the test says: what no Forebay would answer, mostly. */
async function clientOf(t: Test, handler: AdminHandler, token: string | null = null) {
  const server = http.createServer(handler);
  const address = await listenOn(server, { host: '127.0.0.1', port: 0 });
  const client = new AdminClient(address, { token: () => token });
  t.teardown(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

t.test('AdminClient: the token goes only with changing requests, after a proof', async (t) => {
  const seen: unknown[] = [];
  const client = await clientOf(
    t,
    proving(({ method, url, headers }, response) => {
      seen.push([method, url, headers.authorization]);
      response.end('{}');
    }),
    ADMIN_TOKEN,
  );
  await client.cache();
  await client.purge({ origin: 'o' }, true);
  await client.cancelPull('a/b');
  t.same(seen, [
    ['GET', '/api/v1/cache', undefined],
    ['POST', '/api/v1/purge', `Bearer ${ADMIN_TOKEN}`],
    ['DELETE', '/api/v1/pulls/a%2Fb', `Bearer ${ADMIN_TOKEN}`],
  ]);
});

t.test('AdminClient: a server that fails the proof gets no token and no request', async (t) => {
  const handlers: Readonly<Record<string, AdminHandler>> = {
    'another token': proving(() => undefined, { token: 'another token' }),
    'an old answer': proving(() => undefined, { nonce: 'a'.repeat(64) }),
    'an answer from elsewhere': proving(() => undefined, { address: '127.0.0.1:1' }),
    'the question': (request, response) => {
      const nonce = new URL(request.url ?? '', 'http://a').searchParams.get('nonce');
      response.end(JSON.stringify({ directory: '/', address: 'x', proof: nonce }));
    },
    'no proof': (_request, response) => response.end('{}'),
    'no JSON': (_request, response) => response.end('hello'),
    'no such route': (_request, response) => {
      response.statusCode = 404;
      response.end('{"error":{"code":"no-such-route","message":"no"}}');
    },
  };
  for (const [name, handler] of Object.entries(handlers)) {
    const told: string[] = [];
    const client = await clientOf(
      t,
      (request, response) => {
        told.push(`${request.method ?? ''} ${String(request.headers.authorization)}`);
        handler(request, response);
      },
      ADMIN_TOKEN,
    );
    await t.rejects(client.startPull({ model: 'a/b', token: 'hf_secret' }), UnprovenError, name);
    t.same(told, ['GET undefined'], name);
  }
  const client = await clientOf(t, () => undefined, null);
  await t.rejects(client.purge({}, false), { message: /its admin token is not known here/ });
});

t.test("AdminClient: a refusal rejects with the API's status, code and message", async (t) => {
  const refuse: AdminHandler = (_request, response) => {
    response.statusCode = 409;
    response.end('{"error":{"code":"verification-running","message":"another one runs"}}');
  };
  const client = await clientOf(t, proving(refuse), ADMIN_TOKEN);
  await t.rejects(client.startVerification({}), {
    name: 'ApiError',
    status: 409,
    code: 'verification-running',
    message: 'another one runs',
  });
  const events = client.pullEvents('x')[Symbol.asyncIterator]();
  await t.rejects(events.next(), ApiError);
});

t.test("AdminClient: an answer that is not Forebay's rejects with NotAnsweringError", async (t) => {
  for (const body of ['', 'Not found', '{"detail":"no"}', '{"error":"no"}', '7']) {
    const client = await clientOf(t, (_request, response) => {
      response.statusCode = body === '7' ? 200 : 404;
      response.end(body);
    });
    await t.rejects(client.cache(), NotAnsweringError, body);
  }
  const nobody = new AdminClient({ host: '127.0.0.1', port: 1 }, { token: () => null });
  await t.rejects(nobody.cache(), {
    message: /http:\/\/127\.0\.0\.1:1 does not answer: ECONNREFUSED/,
  });
  await nobody.close();
});

t.test('AdminClient: events are parsed across any cut, and a broken stream rejects', async (t) => {
  const texts = [
    ': hello\n\nevent: pull\ndata: {"id":"a","sta',
    'te":"running","items":[]}\n\nevent: other\ndata: {}\n\n',
    'event: pull\ndata: {"id":"a","state":"running","items":[{"url":"/ü"}]}\n\n',
  ];
  const client = await clientOf(t, (_request, response) => {
    response.setHeader('content-type', 'text/event-stream');
    for (const text of texts) response.write(text);
    // Only after the client has read them.
    response.write('event: pull\ndata: {"id":"a"', () => setImmediate(() => response.destroy()));
  });
  const pulls: Pull[] = [];
  await t.rejects(async () => {
    for await (const pull of client.pullEvents('a')) pulls.push(pull);
  }, NotAnsweringError);
  t.match(pulls, [{ items: [] }, { items: [{ url: '/ü' }] }]);
});

t.test('AdminClient: a request is answered while an event stream stays open', async (t) => {
  const event = 'event: pull\ndata: {"id":"a","state":"running","items":[]}\n\n';
  let stream: http.ServerResponse | undefined;
  const requests: string[] = [];
  const answer: AdminHandler = ({ method = '' }, response) => {
    requests.push(method);
    if (method === 'DELETE') {
      response.end('{}');
    } else {
      stream = response;
      response.write(event);
    }
  };
  const client = await clientOf(t, proving(answer), ADMIN_TOKEN);
  const events = client.pullEvents('a')[Symbol.asyncIterator]();
  t.match(await events.next(), { done: false, value: { id: 'a' } }, 'the first event came');
  const abandoned = AbortSignal.timeout(ANSWER_BOUND_MS);
  const late = once(abandoned, 'abort').then(() => 'no answer while the stream was open');
  const answered = client.cancelPull('a').then(() => 'answered');
  t.equal(await Promise.race([answered, late]), 'answered');
  t.same(requests, ['GET', 'DELETE']);
  t.equal(stream?.destroyed, false, 'the event stream is still open');
  stream?.end(event);
  t.match(await events.next(), { done: false, value: { id: 'a' } }, 'an event after the answer');
  t.match(await events.next(), { done: true });
});

t.test('AdminClient: a listener of every address is reached over loopback', async (t) => {
  const address = (host: string) =>
    new AdminClient({ host, port: 5 }, { token: () => null }).address.host;
  t.equal(address('0.0.0.0'), '127.0.0.1');
  t.equal(address('::'), '::1');
  t.equal(address('10.0.0.1'), '10.0.0.1');
});
