/** Requests that two servers on one connection could read differently. */
import { once } from 'node:events';
import net from 'node:net';
import t from 'tap';
import { HIT, startAttacked } from '../fixtures/attack.js';
import { startEchoOrigin } from '../fixtures/echo-origin.js';
import { connectRaw } from '../fixtures/program-raw.js';
import { startForebay } from '../fixtures/running.js';

const HOST = 'Host: h\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

/** Whatever follows one of these on its connection must not be taken for a request. */
const REFUSED: Readonly<Record<string, string>> = {
  'GET with a body, to a hit': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: ${String(SMUGGLED.length)}\r\n\r\n${SMUGGLED}`,
  'HEAD with a body': `HEAD /hit HTTP/1.1\r\n${HOST}Content-Length: ${String(SMUGGLED.length)}\r\n\r\n${SMUGGLED}`,
  'GET with a chunked body': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  'chunk extensions': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0;a="\r\n\r\n${SMUGGLED}`,
  'a body that is announced with Expect': `GET /hit HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
  'CL and TE': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  'TE and CL': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  'two equal CLs': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 0\r\n\r\n`,
  'two CLs': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 5\r\n\r\n${SMUGGLED}`,
  'a list of CLs': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 0, 0\r\n\r\n`,
  'CL with a sign': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: +0\r\n\r\n`,
  'CL below zero': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: -0\r\n\r\n`,
  'CL in hexadecimal': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 0x0\r\n\r\n`,
  'an empty CL': `GET /hit HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`,
  'CL beyond 2^64': `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 18446744073709551616\r\n\r\n`,
  'TE of another name': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`,
  'TE that does not end in chunked': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n`,
  'TE identity': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`,
  'two TEs': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n`,
  'TE after a vertical tab': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding:\x0bchunked\r\n\r\n`,
  'HTTP/1.0 with TE': `GET /hit HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  'a space before the colon': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n`,
  'a space before any colon': `GET /hit HTTP/1.1\r\n${HOST}X : y\r\n\r\n`,
  'a space before the first field': `GET /hit HTTP/1.1\r\n X: y\r\n${HOST}\r\n`,
  'obs-fold': `GET /hit HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`,
  'obs-fold of TE': `GET /hit HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n chunked\r\n\r\n`,
  'a bare LF after a field': `GET /hit HTTP/1.1\r\n${HOST}X: y\nZ: z\r\n\r\n`,
  'bare LFs': 'GET /hit HTTP/1.1\nHost: h\n\n',
  'a bare LF at the end': `GET /hit HTTP/1.1\r\n${HOST}\n`,
  'a bare CR': `GET /hit HTTP/1.1\r\n${HOST}X: y\rZ: z\r\n\r\n`,
  'NUL in a field': `GET /hit HTTP/1.1\r\n${HOST}X: y\0z\r\n\r\n`,
  'a field without a name': `GET /hit HTTP/1.1\r\n${HOST}: z\r\n\r\n`,
  'a field without a colon': `GET /hit HTTP/1.1\r\n${HOST}abc\r\n\r\n`,
  'no Host': 'GET /hit HTTP/1.1\r\n\r\n',
  'two Hosts': `GET /hit HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  'two different Hosts': `GET /hit HTTP/1.1\r\n${HOST}hOST: other\r\n\r\n`,
  'a second Host behind 2000 fields': `GET /hit HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(2000)}${HOST}\r\n`,
  'Hosts in a list': 'GET /hit HTTP/1.1\r\nHost: h, other\r\n\r\n',
  'userinfo in Host': 'GET /hit HTTP/1.1\r\nHost: h@other\r\n\r\n',
  'a path in Host': 'GET /hit HTTP/1.1\r\nHost: h/other\r\n\r\n',
  'absolute-form without a host': `GET http:///hit HTTP/1.1\r\n${HOST}\r\n`,
  'absolute-form with a port alone': `GET http://:80/hit HTTP/1.1\r\n${HOST}\r\n`,
  'absolute-form with userinfo': `GET http://h@other/hit HTTP/1.1\r\n${HOST}\r\n`,
  'absolute-form of two hosts': `GET http://h,other/hit HTTP/1.1\r\n${HOST}\r\n`,
  'absolute-form of another scheme': `GET ftp://h/hit HTTP/1.1\r\n${HOST}\r\n`,
  'absolute-form without Host': 'GET http://h/hit HTTP/1.1\r\n\r\n',
  'absolute-form with two Hosts': `GET http://h/hit HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  'absolute-form with a malformed Host': 'GET http://h/hit HTTP/1.1\r\nHost: h/x\r\n\r\n',
  'authority-form': `GET h:80 HTTP/1.1\r\n${HOST}\r\n`,
  'HTTP/1.2': `GET /hit HTTP/1.2\r\n${HOST}\r\n`,
  'a method in small letters': `get /hit HTTP/1.1\r\n${HOST}\r\n`,
  'a tab for a space': `GET\t/hit HTTP/1.1\r\n${HOST}\r\n`,
};

t.test('ambiguous requests get 400, and the bytes after them are not read', async (t) => {
  const { origin, send } = await startAttacked(t);
  for (const [name, text] of Object.entries(REFUSED)) {
    const { status, kept } = await send(text);
    t.equal(status, 400, name);
    t.equal(kept, false, `${name}: closed`);
  }
  t.same(
    origin.requests.map(({ path }) => path),
    ['/hit'],
    'the origin heard of none of them',
  );
});

t.test('a target in absolute-form selects its path, whatever its host', async (t) => {
  const { origin, send } = await startAttacked(t);
  for (const target of ['http://h/hit', 'HTTP://other:80/hit', 'https://[::1]/hit']) {
    const { status, kept, body } = await send(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`);
    t.equal(body.toString(), HIT.toString(), target);
    t.match({ status, kept }, { status: 200, kept: true }, target);
  }
  t.same(
    origin.requests.map(({ path }) => path),
    ['/hit'],
    'the origin that is configured, and no other host',
  );
});

t.test('an unknown version gets 505, an unknown expectation 417, and a close', async (t) => {
  const { send } = await startAttacked(t);
  for (const version of ['0.9', '2.0']) {
    t.match(await send(`GET /hit HTTP/${version}\r\n${HOST}\r\n`), { status: 505, kept: false });
  }
  t.match(await send('GET /hit\r\n\r\n'), { status: 505, kept: false });
  t.match(await send(`GET /hit HTTP/1.1\r\n${HOST}Expect: x\r\n\r\n`), {
    status: 417,
    kept: false,
  });
  t.match(await send(`CONNECT other:80 HTTP/1.1\r\n${HOST}\r\n`), {
    status: 405,
    kept: false,
    head: /^allow: GET, HEAD\r$/im,
  });
  t.match(await send(`TRACE /hit HTTP/1.1\r\n${HOST}\r\n`), { status: 405, kept: false });
  const post = `POST /hit HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
  t.match(await send(`${post}5;ext\r\nhello\r\n0\r\n\r\n${SMUGGLED}`), {
    status: 405,
    kept: false,
  });
});

t.test('a CONNECT whose client resets the connection ends nothing else', async (t) => {
  const { forebay, ask } = await startAttacked(t);
  const { port, hostname } = new URL(forebay.url);
  // Node leaves such a socket without a listener for errors: one of these would end the process.
  const attack = async (): Promise<void> => {
    const socket = net.connect({ port: Number(port), host: hostname });
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write(`CONNECT other:80 HTTP/1.1\r\n${HOST}\r\n`, () => socket.resetAndDestroy());
    await closed;
  };
  for (let i = 0; i < 200; i += 1) await attack();
  // One is the scene's own.
  await forebay.until((found) => (found.get('forebay_client_connections') ?? 0) <= 1);
  t.match(await ask('/hit'), { status: 200, kept: true });
  const found = await forebay.metrics();
  t.ok(
    (found.get('forebay_rejected_requests_total{reason="method-not-allowed"}') ?? 0) > 0,
    'some were read before they were reset',
  );
});

t.test('valid requests that resemble smuggling attempts are answered', async (t) => {
  const { send } = await startAttacked(t);
  for (const text of [
    `GET /hit HTTP/1.1\r\n${HOST}\r\n`,
    `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`,
    'GET /hit HTTP/1.1\r\nHost:\r\n\r\n',
    'GET /hit HTTP/1.1\r\nHost: [::1]:80\r\n\r\n',
    `GET /hit HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    `\r\nGET /hit HTTP/1.1\r\n${HOST}\r\n`,
  ]) {
    const { status, kept, body } = await send(text);
    t.same([status, kept, body], [200, true, HIT], JSON.stringify(text));
  }
});

t.test('forebay_rejected_requests_total counts each refusal', async (t) => {
  const { forebay, send } = await startAttacked(t);
  await send(REFUSED['two Hosts'] ?? '');
  await send(REFUSED['GET with a body, to a hit'] ?? '');
  await send(REFUSED['bare LFs'] ?? '');
  const found = await forebay.metrics();
  for (const reason of ['duplicate-host', 'body-not-allowed', 'bad-request']) {
    t.equal(found.get(`forebay_rejected_requests_total{reason="${reason}"}`), 1, reason);
  }
});

t.test('forwarded content has one unambiguous end', async (t) => {
  const options = { originKeys: { passMethods: true } };
  const { origin, forebay, send } = await startAttacked(t, {}, options);
  const put = `PUT /a HTTP/1.1\r\n${HOST}`;
  const chunked = 'Transfer-Encoding: chunked\r\n';
  for (const text of [
    `${put}Content-Length: 5\r\n${chunked}\r\n0\r\n\r\n${SMUGGLED}`,
    `${put}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello${SMUGGLED}`,
    `${put}Content-Length: 5, 5\r\n\r\nhello${SMUGGLED}`,
    `${put}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    `${put}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    `${put}${chunked}${chunked}\r\n0\r\n\r\n${SMUGGLED}`,
    `${put}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    `PUT /a HTTP/1.0\r\n${HOST}${chunked}\r\n0\r\n\r\n${SMUGGLED}`,
    `GET /hit HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello${SMUGGLED}`,
  ]) {
    t.match(await send(text), { status: 400, kept: false }, JSON.stringify(text));
  }
  t.match(await send(`${put}Content-Length: 99999999999\r\n\r\n`), { status: 413, kept: false });
  t.match(await send(`TRACE /a HTTP/1.1\r\n${HOST}\r\n`), { status: 405, kept: false });
  t.match(await send(`CONNECT h:1 HTTP/1.1\r\n${HOST}\r\n`), { status: 405, kept: false });
  t.equal(origin.requests.length, 1, 'the origin heard of none of them');
  await forebay.get('/hit');
});

t.test('forwarded chunks are framed anew without their chunk extensions', async (t) => {
  const origin = await startEchoOrigin(t);
  const forebay = await startForebay(t, { origins: [{ url: origin.url, passMethods: true }] });
  const client = await connectRaw(t, forebay.url);
  const put = `PUT /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
  client.send(`${put}5;ext="${'x'.repeat(100)}"\r\nhello\r\n0\r\nTrailer-Field: x\r\n\r\n`);
  t.equal((await client.response()).body.toString(), 'PUT 5');
  t.equal(origin.received[0]?.body.toString(), 'hello');
  t.notMatch(origin.received[0]?.rawHeaders.join(), /trailer-field/i);
  // A size that is none, and extensions without an end, break the connection and no answer.
  for (const broken of [
    '5g\r\nhello\r\n0\r\n\r\n',
    '-5\r\nhello',
    `5;${'x'.repeat(20_000)}\r\nhello`,
  ]) {
    const one = await connectRaw(t, forebay.url);
    one.send(put + broken);
    t.notMatch((await one.rest()).toString(), / 200 /);
  }
  t.equal(origin.received.length, 1, 'nothing else was taken for whole');
});
