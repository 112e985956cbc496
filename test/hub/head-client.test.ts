import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { HeadClient, MAX_ASKED } from '#src/hub/head-client.js';
import { toHeaderMap } from '#src/model/headers.js';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { startRoom } from '../fixtures/running-room.js';

interface Hub {
  readonly server: Server;
  readonly url: string;
  /** Connections that were made so far. */
  readonly connections: () => number;
}

/**
 * A hub on which `/a/resolve/1/small` leads on within it, and whose HEAD tells no length elsewhere.
 */
async function startHub(t: Test): Promise<Hub> {
  let count = 0;
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/small') === true) {
      response.writeHead(307, { location: '/stored', 'content-length': '0' }).end();
    } else if (request.method === 'GET') {
      response.writeHead(206, { 'content-range': 'bytes 0-0/77', 'content-length': '1' }).end('x');
    } else {
      response.writeHead(200, request.url === '/stored' ? { 'content-length': '5' } : {}).end();
    }
  });
  server.on('connection', () => (count += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${String(port)}`, connections: () => count };
}

const NOBODY = { who: { headers: toHeaderMap({}) }, client: 'a' };

t.test('HeadClient: one connection serves several heads, with a byte or without', async (t) => {
  const hub = await startHub(t);
  const { services, upstream } = await startRoom(t, { upstream: { url: hub.url } });
  const client = new HeadClient(services);
  const small = await client.heads({ upstream, ...NOBODY }, '/a/resolve/1/small');
  t.same(
    small.heads.map(({ status }) => status),
    [307, 200],
  );
  t.equal(small.heads.at(-1)?.contentLength, 5);
  for (let i = 0; i < 3; i += 1) {
    const { probedLength } = await client.heads({ upstream, ...NOBODY }, '/a/resolve/1/large');
    t.equal(probedLength, 77);
  }
  // Eight requests; a pool may not have seen yet that a connection is free.
  t.ok(hub.connections() <= 2, String(hub.connections()));
});

t.test('HeadClient: a kept connection that the hub closed is replaced', async (t) => {
  const hub = await startHub(t);
  const { services, upstream } = await startRoom(t, { upstream: { url: hub.url } });
  const client = new HeadClient(services);
  await client.heads({ upstream, ...NOBODY }, '/stored');
  hub.server.closeAllConnections();
  const again = await client.heads({ upstream, ...NOBODY }, '/stored');
  t.equal(again.heads[0].status, 200);
  t.ok(hub.connections() >= 2);
});

t.test('HeadClient: too many concurrent questions reject with overload', async (t) => {
  const hub = await startHub(t);
  const { services, upstream } = await startRoom(t, { upstream: { url: hub.url } });
  const client = new HeadClient(services);
  const asked = Array.from({ length: MAX_ASKED / 2 + 1 }, () =>
    client.heads({ upstream, ...NOBODY }, '/stored'),
  );
  const settled = await Promise.allSettled(asked);
  const refused = settled.filter(({ status }) => status === 'rejected');
  t.equal(refused.length, 1);
  t.match(refused[0], { reason: { code: 'overload' } });
  t.equal((await client.heads({ upstream, ...NOBODY }, '/stored')).heads[0].status, 200);
});

t.test('HeadClient: an absolute redirect is followed until the file is described', async (t) => {
  const elsewhere = await startEchoOrigin(t);
  elsewhere.answer = async (request, response) => {
    await elsewhere.read(request);
    response.writeHead(200, { 'x-repo-commit': 'c'.repeat(40), 'content-length': '5' }).end();
  };
  const hub = await startEchoOrigin(t);
  const at = (url: string) => url.replace('127.0.0.1', 'localhost');
  const redirects: Readonly<Record<string, readonly [location: string, fields: object]>> = {
    '/renamed': [`${hub.url}/new`, {}],
    '/told': [`${hub.url}/new`, { 'x-repo-commit': 'c'.repeat(40) }],
    '/linked': [`${hub.url}/stored`, { 'x-linked-etag': '"a"' }],
    '/mirror': [`${at(elsewhere.url)}/a`, {}],
    '/storage': [`${at(elsewhere.url)}/a`, { 'x-repo-commit': 'c'.repeat(40) }],
    '/unknown': ['http://unknown.example/a', {}],
    '/loop': [`${hub.url}/loop`, {}],
    '/alias': ['https://huggingface.co/new', {}],
    '/same': ['https://huggingface.co/same', {}],
  };
  hub.answer = async (request, response) => {
    const { path } = await hub.read(request);
    const [location, fields] = redirects[path] ?? [];
    if (location === undefined) response.writeHead(200, { 'content-length': '5' }).end();
    else response.writeHead(307, { location, ...fields }).end();
  };
  const { services, upstream } = await startRoom(t, {
    upstream: { url: hub.url, redirectHosts: ['localhost'], allowPrivateRedirects: true },
  });
  const client = new HeadClient(services);
  const authorization = 'Bearer hf_mine';
  const who = { headers: toHeaderMap({ authorization }) };
  const statuses = async (path: string) =>
    (await client.heads({ upstream, who, client: 'a' }, path)).heads.map(({ status }) => status);
  t.strictSame(await statuses('/renamed'), [307, 200]);
  t.strictSame(await statuses('/told'), [307, 200], 'its own host has the rest');
  t.strictSame(await statuses('/mirror'), [307, 200]);
  t.strictSame(await statuses('/alias'), [307, 200], 'the hub by another name is the endpoint');
  t.strictSame(await statuses('/same'), [307], 'a mirror that names the hub for the same leads on');
  for (const path of ['/linked', '/storage', '/unknown']) {
    t.strictSame(await statuses(path), [307], path);
  }
  await t.rejects(statuses('/loop'), { code: 'origin-loop' });
  t.equal(elsewhere.received.length, 1);
  t.notOk(elsewhere.received.some(({ headers }) => 'authorization' in headers));
  t.ok(hub.received.every(({ headers }) => headers.authorization === authorization));
});

t.test('HeadClient: a hub host with a private address is not contacted', async (t) => {
  const elsewhere = await startEchoOrigin(t);
  const hub = await startEchoOrigin(t);
  hub.answer = async (request, response) => {
    await hub.read(request);
    const location = elsewhere.url.replace('127.0.0.1', 'localhost');
    response.writeHead(307, { location }).end();
  };
  const { services, upstream } = await startRoom(t, {
    upstream: { url: hub.url, redirectHosts: ['localhost'] },
  });
  const asked = new HeadClient(services).heads({ upstream, ...NOBODY }, '/a/resolve/1/b');
  await t.rejects(asked, { code: 'origin-address-refused' });
  t.equal(elsewhere.received.length, 0);
});
