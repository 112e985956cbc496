import t from 'tap';
import { deferred } from '#src/model/deferred.js';
import { adminOf } from '../../fixtures/admin-client.js';
import type { EchoOrigin } from '../../fixtures/echo-origin.js';
import { send, startPassing as start } from '../../fixtures/passing.js';
import { connectRaw } from '../../fixtures/program-raw.js';

/** A cacheable answer to GET, whose content is `state.text`. */
function stored(origin: EchoOrigin, state: { text: string }, answer: EchoOrigin['answer']): void {
  origin.answer = async (request, response) => {
    if (request.method !== 'GET') return answer(request, response);
    await origin.read(request);
    response.setHeader('cache-control', 'max-age=3600');
    response.end(state.text);
  };
}

t.test('a forwarded request keeps method, fields and content', async (t) => {
  const { origin, forebay } = await start(t, { headers: { 'x-key': 'ours' } });
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(201, 'Whatever', {
      'Content-Type': 'x/y',
      Connection: 'x-hop',
      'X-Hop': '1',
      'Set-Cookie': ['a=1', 'b=2'],
      Via: '1.1 behind',
    });
    response.write('made ');
    response.end('it');
  };
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'MKCOL']) {
    const got = await send(forebay, method, '/a%2Fb?c=d', {
      headers: {
        'content-type': 'text/x',
        'if-match': '"e"',
        authorization: 'Bearer t',
        connection: 'x-mine, close',
        'x-mine': '1',
        'x-key': "the client's",
        te: 'trailers',
        via: '1.0 before',
      },
      body: 'content',
    });
    t.equal(got.status, 201, method);
    t.equal(got.body.toString(), 'made it');
    t.match(got.headers, {
      'content-type': 'x/y',
      'set-cookie': ['a=1', 'b=2'],
      via: '1.1 behind, 1.1 forebay',
      'cache-status': 'forebay;fwd=method;fwd-status=201',
      'x-request-id': /./,
    });
    t.equal(got.headers['x-hop'], undefined);
    const seen = origin.received.at(-1);
    t.match(seen, { method, path: '/base/a%2Fb?c=d' });
    t.equal(seen?.body.toString(), 'content');
    t.match(seen?.headers, {
      host: new URL(origin.url).host,
      'content-type': 'text/x',
      'if-match': '"e"',
      authorization: 'Bearer t',
      'x-key': 'ours',
      via: /^1\.0 before, 1\.1 forebay-[0-9a-f]+$/,
    });
    for (const name of ['x-mine', 'te']) t.equal(seen?.headers[name], undefined, name);
  }
  const found = await forebay.metrics();
  t.equal(found.get('forebay_requests_total{method="other",code="201",result="pass"}'), 7);
  t.equal(found.get('forebay_origin_requests_total{origin="origin",code="201"}'), 7);
  t.equal(found.get('forebay_cache_chunks'), 0, 'nothing is stored');
});

t.test('forwarded content keeps its framing, whatever its length', async (t) => {
  const { origin, forebay } = await start(t);
  const large = Buffer.alloc(3_000_000, 'large');
  const known = await send(forebay, 'PUT', '/a', {
    headers: { 'content-length': String(large.length) },
    body: large,
  });
  t.equal(known.body.toString(), `PUT ${String(large.length)}`);
  const chunked = await send(forebay, 'PUT', '/a', {
    headers: { 'transfer-encoding': 'chunked' },
    body: large,
  });
  t.equal(chunked.body.toString(), `PUT ${String(large.length)}`);
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.writeHead(200, { 'Content-Length': String(large.length) });
    response.end(large);
  };
  const back = await send(forebay, 'POST', '/a');
  t.ok(back.body.equals(large));
  origin.answer = async (request, response) => {
    await origin.read(request);
    response.end();
  };
  const none = await send(forebay, 'DELETE', '/a');
  t.equal(none.status, 200);
  const framing = origin.received.map(({ headers, body }) => {
    t.ok(body.equals(large.subarray(0, body.length)));
    return [headers['content-length'], headers['transfer-encoding']];
  });
  t.same(framing.slice(0, 2), [
    [String(large.length), undefined],
    [undefined, 'chunked'],
  ]);
  t.equal(framing.at(-1)?.[1], undefined);
});

t.test('redirects and errors are forwarded to the client', async (t) => {
  const { origin, forebay } = await start(t);
  for (const status of [303, 307, 308, 400, 401, 409, 500]) {
    origin.answer = async (request, response) => {
      await origin.read(request);
      response.writeHead(status, { Location: '/elsewhere' });
      response.end('why');
    };
    const before = origin.heads;
    const got = await send(forebay, 'POST', '/a', { body: 'x' });
    t.same([got.status, got.body.toString()], [status, 'why']);
    t.equal(got.headers.location, '/elsewhere');
    t.equal(origin.heads, before + 1, 'one request reached the origin');
  }
});

t.test('a successful request invalidates its target and named same-origin URLs', async (t) => {
  const { origin, forebay } = await start(t);
  const state = { text: 'old' };
  let status = 204;
  stored(origin, state, async (request, response) => {
    await origin.read(request);
    response.writeHead(status, {
      Location: `${origin.url}/base/named`,
      'Content-Location': 'http://elsewhere.example/base/other',
    });
    response.end();
  });
  const text = async (path: string): Promise<string> => (await forebay.get(path)).body.toString();
  const all = async (): Promise<string[]> => [
    await text('/a'),
    await text('/named'),
    await text('/other'),
  ];
  t.same(await all(), ['old', 'old', 'old']);
  state.text = 'new';
  status = 500;
  await send(forebay, 'PUT', '/a', { body: 'x' });
  t.same(await all(), ['old', 'old', 'old'], 'an error changes nothing');
  status = 204;
  await send(forebay, 'OPTIONS', '/a');
  t.same(await all(), ['old', 'old', 'old'], 'nor does what is safe');
  await send(forebay, 'PUT', '/a', { body: 'x' });
  t.same(await all(), ['new', 'new', 'old']);
  state.text = 'newer';
  status = 303;
  await send(forebay, 'MKCOL', '/other');
  t.same(await all(), ['new', 'newer', 'newer'], 'a method of which nothing is known');
});

t.test('Expect: the client gets 100 only after the origin is connected', async (t) => {
  const { origin, forebay } = await start(t);
  const client = await connectRaw(t, forebay.url);
  client.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
  t.equal((await client.response()).status, 100);
  client.send('body');
  const { status, body } = await client.response();
  t.same([status, body.toString()], [200, 'POST 4']);
  t.equal(origin.received[0]?.body.toString(), 'body');
  t.equal(origin.received[0]?.headers.expect, undefined);
});

t.test('OPTIONS * is answered by Forebay, and Max-Forwards bounds other OPTIONS', async (t) => {
  const { origin, forebay } = await start(t);
  const client = await connectRaw(t, forebay.url);
  client.send('OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n');
  const { status, head } = await client.response();
  t.equal(status, 204);
  t.match(head, /^allow: GET, HEAD, OPTIONS/im);
  const own = await send(forebay, 'OPTIONS', '/a', { headers: { 'max-forwards': '0' } });
  t.equal(own.status, 204);
  t.equal(origin.heads, 0);
  await send(forebay, 'OPTIONS', '/a', { headers: { 'max-forwards': '5' } });
  t.equal(origin.received[0]?.headers['max-forwards'], '4');
});

t.test('an unsafe method gets 405 where the mount does not forward methods', async (t) => {
  const { origin, forebay } = await start(t, { passMethods: false });
  const got = await send(forebay, 'POST', '/a', { body: 'x' });
  t.equal(got.status, 405);
  t.equal(got.headers.allow, 'GET, HEAD');
  t.equal(origin.heads, 0);
});

t.test('Allow lists the methods of the requested mount', async (t) => {
  const { forebay } = await start(t, { mount: '/open' }, (url) => [
    { name: 'closed', url, mount: '/closed' },
  ]);
  const allowed = async (method: string, target: string, fields = ''): Promise<unknown[]> => {
    const client = await connectRaw(t, forebay.url);
    client.send(`${method} ${target} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
    const { status, head } = await client.response();
    return [status, /^allow: (.*)\r$/im.exec(head)?.[1]];
  };
  const all = 'GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE';
  t.same(await allowed('TRACE', '/open/a'), [405, all]);
  t.same(await allowed('TRACE', '/closed/a'), [405, 'GET, HEAD']);
  t.same(await allowed('POST', '/closed/a'), [405, 'GET, HEAD']);
  t.same(await allowed('OPTIONS', '/closed/a', 'Max-Forwards: 0\r\n'), [405, 'GET, HEAD']);
  t.same(await allowed('OPTIONS', '/open/a', 'Max-Forwards: 0\r\n'), [204, all]);
  t.same(await allowed('CONNECT', 'h:1'), [405, all]);
});

t.test('transfers list a forwarded request by method, running and ended', async (t) => {
  const { origin, forebay } = await start(t);
  const open = deferred<undefined>();
  origin.answer = async (request, response) => {
    await open.promise;
    await origin.read(request);
    response.end();
  };
  const { transfers } = adminOf(forebay);
  const sent = send(forebay, 'PATCH', '/a', { body: 'x' });
  await forebay.until((found) => found.get('forebay_inflight_requests') === 1);
  t.match(await transfers(), [{ kind: 'request', method: 'PATCH', target: '/a' }]);
  open.resolve(undefined);
  await sent;
  await forebay.until((found) => found.get('forebay_inflight_requests') === 0);
  t.match(await transfers(), [{ method: 'PATCH', state: { kind: 'done' } }]);
});
