import { Duplex, PassThrough } from 'node:stream';
import t from 'tap';
import { classifyClientError, refuseRaw } from '#src/http/exchange/client-error.js';

const CONTEXT = { busy: false, nowMs: Date.UTC(2026, 5, 1), requestId: 'r1', allow: 'GET, PUT' };

t.test("errors of Node's parser and its timers are classified", (t) => {
  t.equal(classifyClientError('HPE_HEADER_OVERFLOW'), 'head-too-large');
  t.equal(classifyClientError('ERR_HTTP_REQUEST_TIMEOUT'), 'request-timeout');
  t.equal(classifyClientError('HPE_INVALID_METHOD'), 'bad-request');
  t.equal(classifyClientError(undefined), 'bad-request');
  t.equal(classifyClientError('ECONNRESET'), undefined);
  t.end();
});

t.test('refuseRaw answers with the status and closes the connection', async (t) => {
  const socket = new PassThrough();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const outcome = await refuseRaw(socket, 'head-too-large', CONTEXT);
  t.equal(socket.destroyed, true);
  t.same(outcome, { status: 431, ending: 'complete', bytesSent: 28 });
  t.equal(
    Buffer.concat(chunks).toString(),
    'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n' +
      'Date: Mon, 01 Jun 2026 00:00:00 GMT\r\nCache-Control: no-store\r\n' +
      'X-Request-Id: r1\r\nCache-Status: forebay;detail=head-too-large\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 28\r\n\r\n' +
      'head-too-large (request r1)\n',
  );
});

t.test('a 405 has Allow', async (t) => {
  const socket = new PassThrough({ encoding: 'latin1' });
  const text: string[] = [];
  socket.on('data', (piece: string) => text.push(piece));
  await refuseRaw(socket, 'method-not-allowed', CONTEXT);
  t.match(text.join(''), /^HTTP\/1.1 405 .*\r\nAllow: GET, PUT\r\n/s);
});

t.test('a connection in mid-response is closed without an answer', async (t) => {
  const socket = new PassThrough();
  t.same(await refuseRaw(socket, 'bad-request', { ...CONTEXT, busy: true }), {
    status: null,
    ending: 'failed',
    bytesSent: 0,
  });
  t.equal(socket.destroyed, true);
  t.equal(socket.readableLength, 0);
});

t.test('a client that resets instead of reading the answer is no error', async (t) => {
  const socket = new Duplex({ read: () => undefined, write: () => undefined });
  const refused = refuseRaw(socket, 'bad-request', CONTEXT);
  socket.destroy(new Error('ECONNRESET'));
  t.match(await refused, { status: 400, ending: 'client-closed', bytesSent: 0 });
});
