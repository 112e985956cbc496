/**
 * Requests that are passed on, where their client leaves, their origin fails, or there are too
 * many.
 */
import { once } from 'node:events';
import t from 'tap';
import { MAX_PASSING, MAX_PASSING_OF_CLIENT } from '#src/cache/passthrough/pass-places.js';
import { deferred } from '#src/model/deferred.js';
import { send, startPassing as start } from '../fixtures/passing.js';
import { connectRaw } from '../fixtures/program-raw.js';
import { startForebay } from '../fixtures/running.js';

/** Another address of this machine (Linux has all of 127/8). */
const OTHER_CLIENT = '127.0.0.2';

t.test('a large answer streams, and a client that leaves ends it', async (t) => {
  const { origin, forebay } = await start(t);
  const closed = deferred<undefined>();
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.on('close', () => {
      closed.resolve(undefined);
    });
    // Far more than any buffer on the way holds.
    const piece = Buffer.alloc(1024 * 1024);
    const more = (): void => {
      while (response.write(piece));
      response.once('drain', more);
    };
    more();
  };
  const open = await forebay.open('/a', { method: 'POST' });
  await once(open.response, 'readable');
  open.leave();
  await closed.promise;
  await forebay.until((found) => found.get('forebay_inflight_requests') === 0);
  t.pass('the origin saw the client leave');
});

t.test('a client that disconnects while sending is noticed by the origin', async (t) => {
  const { origin, forebay } = await start(t);
  const arrived = deferred<undefined>();
  const aborted = deferred<unknown>();
  origin.answer = (request) => {
    request.once('data', () => {
      arrived.resolve(undefined);
    });
    request.once('error', (error) => {
      aborted.resolve(error);
    });
  };
  const client = await connectRaw(t, forebay.url);
  client.send('PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf');
  await arrived.promise;
  client.socket.resetAndDestroy();
  await aborted.promise;
  await forebay.until((found) => found.get('forebay_inflight_requests') === 0);
  t.equal(origin.received.length, 0, 'a part is never taken for the whole');
});

t.test("an answer before the content's end closes the connection after it", async (t) => {
  const { origin, forebay } = await start(t);
  origin.answer = (_request, response) => {
    response.writeHead(413, { 'Content-Length': '3' });
    response.end('no\n');
  };
  const client = await connectRaw(t, forebay.url);
  client.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx');
  const { status, head, body } = await client.response();
  t.same([status, body.toString()], [413, 'no\n']);
  t.match(head, /^connection: close\r$/im);
  t.equal((await client.rest()).length, 0);
});

t.test('a forwarded request to an unreachable or breaking origin gets an error', async (t) => {
  const { origin, forebay } = await start(t);
  origin.answer = (request) => {
    request.socket.resetAndDestroy();
  };
  const reset = await send(forebay, 'POST', '/a', { body: 'x' });
  t.equal(reset.status, 502);
  t.match(reset.headers['cache-status'], /detail=origin-reset/);
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(200, { 'Content-Length': '10' });
    response.write('half', () => {
      response.destroy();
    });
  };
  t.equal((await send(forebay, 'POST', '/a', { body: 'x' })).aborted, true, 'never whole');
  const away = await startForebay(t, {
    directory: t.testdir({}),
    origins: [{ url: 'http://127.0.0.1:9', passMethods: true }],
  });
  const refused = await send(away, 'POST', '/a', { body: 'x' });
  t.equal(refused.status, 502);
  t.match(refused.headers['cache-status'], /detail=origin-connect/);
});

t.test('forwarded requests are bounded, for one client and in all', async (t) => {
  const { origin, forebay } = await start(t, { maxConnections: 2 * MAX_PASSING });
  const open = deferred<undefined>();
  origin.answer = async (request, response) => {
    await open.promise;
    await origin.read(request);
    response.end('done');
  };
  const half = Array.from({ length: MAX_PASSING_OF_CLIENT }, () => send(forebay, 'POST', '/a'));
  const inFlight = (count: number) =>
    forebay.until((found) => found.get('forebay_inflight_requests') === count);
  await inFlight(MAX_PASSING_OF_CLIENT);
  t.equal((await send(forebay, 'POST', '/a')).status, 503, 'the client has its half');
  const others = Array.from({ length: MAX_PASSING - half.length }, () =>
    send(forebay, 'POST', '/a', { from: OTHER_CLIENT }),
  );
  await inFlight(MAX_PASSING);
  const surplus = await send(forebay, 'POST', '/a', { from: '127.0.0.3' });
  t.equal(surplus.status, 503);
  t.ok(surplus.headers['retry-after']);
  open.resolve(undefined);
  for (const got of await Promise.all([...half, ...others])) t.equal(got.status, 200);
  t.equal((await send(forebay, 'POST', '/a')).status, 200, 'and then again');
});

t.test("one client's forwarded requests delay no other client and no other origin", async (t) => {
  const { origin, forebay } = await start(t, { maxConnections: 2, mount: '/slow' }, (url) => [
    { name: 'quick', url, mount: '/quick', passMethods: true },
  ]);
  const open = deferred<undefined>();
  origin.answer = async (request, response) => {
    if (request.headers['x-wait'] !== undefined) await open.promise;
    await origin.read(request);
    response.end('done');
  };
  const headers = { 'x-wait': '1' };
  const held = Array.from({ length: 4 }, () => send(forebay, 'POST', '/slow/a', { headers }));
  await forebay.until((found) => found.get('forebay_inflight_requests') === held.length);
  t.equal((await send(forebay, 'POST', '/quick/a')).status, 200);
  t.equal((await send(forebay, 'POST', '/slow/a', { from: OTHER_CLIENT })).status, 200);
  open.resolve(undefined);
  for (const got of await Promise.all(held)) t.equal(got.status, 200, 'in its turn');
});
