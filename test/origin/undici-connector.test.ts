import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { PassClient } from '#src/origin/pass-client.js';

/** Whether the last byte and the pause fall together depends on how the bytes arrive. */
const ROUNDS = 20;

const TURNS = 100;

const NEVER = new AbortController().signal;

function clientOf(port: number): PassClient {
  return new PassClient({
    origin: `http://127.0.0.1:${String(port)}`,
    maxConnections: 1,
    connectTimeoutMs: 5000,
    responseTimeoutMs: 5000,
  });
}

t.test('an origin that closes during an unread body neither crashes nor loses it', async (t) => {
  // As much as the body's stream takes before it asks to pause, in one piece.
  const body = Buffer.alloc(65_536, 'body');
  const framings = {
    length: [`Content-Length: ${String(body.length)}\r\n`, body],
    'its end': ['', body],
    chunked: [
      'Transfer-Encoding: chunked\r\n',
      Buffer.concat([Buffer.from('10000\r\n'), body, Buffer.from('\r\n0\r\n\r\n')]),
    ],
  } as const;
  for (const [framing, [field, content]] of Object.entries(framings)) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n${field}\r\n`);
        socket.end(content);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = clientOf(port);
    const target = { method: 'POST', path: '/', headers: {}, content: null, signal: NEVER };
    for (let round = 0; round < ROUNDS; round += 1) {
      const response = await client.send(target);
      // The connection's end is there before anybody reads.
      for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
      const pieces: Uint8Array[] = [];
      for await (const piece of response.bytes) pieces.push(piece);
      if (!Buffer.concat(pieces).equals(body)) t.fail(`${framing}, round ${String(round)}`);
    }
    t.pass(`framed by ${framing}`);
    server.close();
  }
});

t.test('a refused connection rejects and does not crash the process', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  const client = clientOf(port);
  const target = { method: 'POST', path: '/', headers: {}, content: null, signal: NEVER };
  await t.rejects(client.send(target), { code: 'origin-connect' });
});
