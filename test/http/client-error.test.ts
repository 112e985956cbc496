import { PassThrough } from 'node:stream';
import t from 'tap';
import { classifyClientError, refuseRaw } from '#src/http/client-error.js';

t.test('classifies the errors of the parser and its timers', (t) => {
  t.equal(classifyClientError('HPE_HEADER_OVERFLOW'), 'head-too-large');
  t.equal(classifyClientError('ERR_HTTP_REQUEST_TIMEOUT'), 'request-timeout');
  t.equal(classifyClientError('HPE_INVALID_METHOD'), 'bad-request');
  t.equal(classifyClientError(undefined), 'bad-request');
  t.equal(classifyClientError('ECONNRESET'), undefined);
  t.end();
});

t.test('answers, then closes', async (t) => {
  const socket = new PassThrough();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  refuseRaw(socket, 'head-too-large', { busy: false, nowMs: Date.UTC(2026, 5, 1) });
  await new Promise((resolve) => socket.once('close', resolve));
  t.equal(
    Buffer.concat(chunks).toString(),
    'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n' +
      'Date: Mon, 01 Jun 2026 00:00:00 GMT\r\nCache-Control: no-store\r\n' +
      'Cache-Status: forebay;detail=head-too-large\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 15\r\n\r\nhead-too-large\n',
  );
});

t.test('closes without a word where an answer could not be told from a body', (t) => {
  for (const [refusal, busy] of [
    ['bad-request', true],
    [undefined, false],
  ] as const) {
    const socket = new PassThrough();
    refuseRaw(socket, refusal, { busy, nowMs: 0 });
    t.equal(socket.destroyed, true);
    t.equal(socket.readableLength, 0);
  }
  t.end();
});

t.test('a client that resets instead of reading the answer is no error of ours', async (t) => {
  const socket = new PassThrough();
  refuseRaw(socket, 'bad-request', { busy: false, nowMs: 0 });
  socket.destroy(new Error('ECONNRESET'));
  await new Promise((resolve) => socket.once('close', resolve));
  t.equal(socket.destroyed, true);
});
