import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { AdminClient, ApiError, NotAnsweringError } from '#src/cli/admin-client.js';
import type { Pull } from '#src/cli/api-types.js';
import { listenOn } from '#src/http/listen.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A client of a server that answers as the test says: what no Forebay would answer, mostly. */
async function clientOf(t: Test, handler: Handler, token: string | null = null) {
  const server = http.createServer(handler);
  const address = await listenOn(server, { host: '127.0.0.1', port: 0 });
  const client = new AdminClient(address, () => token);
  t.teardown(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

t.test('the token goes with what changes something, and with nothing else', async (t) => {
  const seen: unknown[] = [];
  const client = await clientOf(
    t,
    ({ method, url, headers }, response) => {
      seen.push([method, url, headers.authorization]);
      response.end('{}');
    },
    'secret',
  );
  await client.cache();
  await client.purge({ origin: 'o' }, true);
  await client.cancelPull('a/b');
  t.same(seen, [
    ['GET', '/api/v1/cache', undefined],
    ['POST', '/api/v1/purge', 'Bearer secret'],
    ['DELETE', '/api/v1/pulls/a%2Fb', 'Bearer secret'],
  ]);
});

t.test('a refusal says what the API said', async (t) => {
  const client = await clientOf(t, (_request, response) => {
    response.statusCode = 409;
    response.end('{"error":{"code":"verification-running","message":"another one runs"}}');
  });
  await t.rejects(client.startVerification({}), {
    name: 'ApiError',
    status: 409,
    code: 'verification-running',
    message: 'another one runs',
  });
  const events = client.pullEvents('x')[Symbol.asyncIterator]();
  await t.rejects(events.next(), ApiError);
});

t.test('who is no Forebay does not answer', async (t) => {
  for (const body of ['', 'Not found', '{"detail":"no"}', '{"error":"no"}', '7']) {
    const client = await clientOf(t, (_request, response) => {
      response.statusCode = body === '7' ? 200 : 404;
      response.end(body);
    });
    await t.rejects(client.cache(), NotAnsweringError, body);
  }
  const nobody = new AdminClient({ host: '127.0.0.1', port: 1 }, () => null);
  await t.rejects(nobody.cache(), {
    message: /http:\/\/127\.0\.0\.1:1 does not answer: ECONNREFUSED/,
  });
  await nobody.close();
});

t.test('events, whichever way they are cut, and a stream that breaks', async (t) => {
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

t.test('a request does not wait behind events', async (t) => {
  const client = await clientOf(t, ({ method }, response) => {
    if (method === 'DELETE') response.end('{}');
    else response.write('event: pull\ndata: {"id":"a","state":"running","items":[]}\n\n');
  });
  for await (const pull of client.pullEvents('a')) {
    await client.cancelPull(pull.id);
    break;
  }
});

t.test('a listener of every address is reached over loopback', async (t) => {
  const address = (host: string) => new AdminClient({ host, port: 5 }, () => null).address.host;
  t.equal(address('0.0.0.0'), '127.0.0.1');
  t.equal(address('::'), '::1');
  t.equal(address('10.0.0.1'), '10.0.0.1');
});
