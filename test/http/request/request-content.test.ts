import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t, { type Test } from 'tap';
import { contentOf, framingOf, MAX_CONTENT_BYTES } from '#src/http/request/request-content.js';
import { toHeaderMap } from '#src/model/headers.js';

function framing(fields: Readonly<Record<string, string>>, version = '1.1'): string {
  const found = framingOf(toHeaderMap(fields), version);
  return found.kind === 'length' ? `length ${String(found.bytes)}` : found.kind;
}

t.test('framingOf reads Content-Length and Transfer-Encoding', (t) => {
  t.equal(framing({}), 'none');
  t.equal(framing({ 'content-length': '0' }), 'length 0');
  t.equal(framing({ 'content-length': '12' }, '1.0'), 'length 12');
  t.equal(framing({ 'transfer-encoding': 'Chunked' }), 'chunked');
  t.equal(
    framing({ 'content-length': String(MAX_CONTENT_BYTES) }),
    `length ${String(MAX_CONTENT_BYTES)}`,
  );
  t.equal(framing({ 'content-length': String(MAX_CONTENT_BYTES + 1) }), 'too-large');
  t.equal(framing({ 'content-length': '9'.repeat(30) }), 'too-large');
  t.end();
});

t.test('ambiguous framing is refused', (t) => {
  for (const fields of [
    { 'content-length': '5', 'transfer-encoding': 'chunked' },
    { 'content-length': '5, 5' },
    { 'content-length': '+5' },
    { 'content-length': '' },
    { 'content-length': '0x5' },
    { 'transfer-encoding': 'gzip, chunked' },
    { 'transfer-encoding': 'chunked, chunked' },
    { 'transfer-encoding': 'identity' },
    { 'transfer-encoding': '' },
  ]) {
    t.equal(framing(fields), 'ambiguous', JSON.stringify(fields));
  }
  t.equal(framing({ 'transfer-encoding': 'chunked' }, '1.0'), 'ambiguous');
  t.end();
});

/** A request of which `text` is the content's beginning. */
async function requestWith(t: Test, text: string, length: number) {
  const server = createServer();
  const arrived = new Promise<IncomingMessage>((resolve) => server.once('request', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${String(length)}\r\n\r\n${text}`);
  t.teardown(() => {
    client.destroy();
    server.close();
  });
  return { request: await arrived, client };
}

t.test('contentOf reads the content, and sends 100 when first read', async (t) => {
  const { request } = await requestWith(t, 'content', 7);
  let wanted = 0;
  const content = contentOf(request, () => {
    wanted += 1;
  });
  t.equal(wanted, 0);
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  t.equal(Buffer.concat(pieces).toString(), 'content');
  t.equal(wanted, 1);
});

t.test('content beyond the bound is an error; the connection stays open', async (t) => {
  const { request } = await requestWith(t, 'content', 7);
  const content = contentOf(request, () => undefined, 6);
  await t.rejects(content.next(), { code: 'client-too-large', source: 'client' });
  t.equal(request.socket.destroyed, false);
});

t.test('a reader that stops early does not destroy the connection', async (t) => {
  const { request } = await requestWith(t, 'con', 7);
  for await (const piece of contentOf(request, () => undefined)) {
    t.equal(piece.length, 3);
    break;
  }
  t.equal(request.socket.destroyed, false);
});

t.test('a client that disconnects in the content is an error', async (t) => {
  const { request, client } = await requestWith(t, 'con', 7);
  const content = contentOf(request, () => undefined);
  await content.next();
  client.resetAndDestroy();
  await t.rejects(content.next(), { code: 'client-aborted' });
});
