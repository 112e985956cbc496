import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { PassClient, type PassedTarget } from '#src/origin/pass-client.js';

/** A server that answers each connection's first bytes with `reply`, then ends, or does nothing. */
async function client(t: Test, reply: string | null, responseTimeoutMs = 5000) {
  const heads: string[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      heads.push(bytes.toString('latin1'));
      if (reply !== null) socket.end(reply, 'latin1');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made = new PassClient({
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    maxConnections: 2,
    connectTimeoutMs: 5000,
    responseTimeoutMs,
  });
  t.teardown(() => {
    server.close();
  });
  const send = (more: Partial<PassedTarget> = {}) =>
    made.send({
      method: 'POST',
      path: '/a',
      headers: {},
      content: null,
      signal: new AbortController().signal,
      ...more,
    });
  return { send, heads };
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

async function* content(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
}

t.test('a forwarded request and its response are exact on the wire', async (t) => {
  const { send, heads } = await client(
    t,
    'HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\n__proto__: x\r\nContent-Length: 2\r\n\r\nok',
  );
  const bytes = content('con', 'tent');
  const answer = await send({
    headers: { 'x-b': '3' },
    content: { lengthBytes: 7, bytes },
    path: '/a%2F?b',
  });
  t.equal(answer.status, 200);
  t.equal(answer.lengthBytes, 2);
  t.equal(answer.headers['x-a'], '1, 2');
  t.same(Object.keys(answer.headers).includes('__proto__'), true);
  t.equal(await text(answer.bytes), 'ok');
  t.match(heads[0], /^POST \/a%2F\?b HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
  t.match(heads[0], /\r\nx-b: 3\r\n/);
  t.match(heads[0], /\r\ncontent-length: 7\r\n/);
  t.match(heads[0], /\r\nconnection: close\r\n/, 'the connection is not reused');
});

t.test('content of unknown length is sent chunked', async (t) => {
  const { send, heads } = await client(t, 'HTTP/1.1 204 No Content\r\n\r\n');
  const answer = await send({ content: { lengthBytes: null, bytes: content('abc') } });
  t.equal(await text(answer.bytes), '');
  t.match(heads[0], /\r\ntransfer-encoding: chunked\r\n/);
});

t.test('content of another length than declared never looks whole', async (t) => {
  const { send } = await client(t, null);
  await t.rejects(send({ content: { lengthBytes: 9, bytes: content('abc') } }), {
    name: 'ForebayError',
  });
});

t.test('each failure of a response has its error code', async (t) => {
  for (const [reply, code] of [
    ['', 'origin-reset'],
    ['garbage\r\n\r\n', 'origin-protocol'],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'origin-protocol',
    ],
    ['HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', 'origin-protocol'],
  ] as const) {
    const { send } = await client(t, reply);
    await t.rejects(send(), { code, source: 'origin' }, reply);
  }
});

t.test('a truncated body is an error', async (t) => {
  for (const reply of [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  ]) {
    const { send } = await client(t, reply);
    const { bytes } = await send();
    await t.rejects(text(bytes), { name: 'ForebayError', source: 'origin' }, reply);
  }
});

t.test('a silent origin ends at its timeout, and a disconnected client aborts', async (t) => {
  const { send } = await client(t, null, 50);
  await t.rejects(send(), { code: 'origin-timeout' });
  const left = new AbortController();
  const sent = send({ signal: left.signal });
  left.abort();
  await t.rejects(sent, { code: 'cancelled' });
});

t.test('a failure of the request content rejects with that failure', async (t) => {
  const { send } = await client(t, null);
  const bytes = (async function* () {
    yield await Promise.resolve(Buffer.from('x'));
    throw Object.assign(new Error('mine'), { code: 'MINE' });
  })();
  await t.rejects(send({ content: { lengthBytes: null, bytes } }));
});
