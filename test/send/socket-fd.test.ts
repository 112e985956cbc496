import { fstatSync, readFileSync } from 'node:fs';
import { createServer as createTlsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { flushed, socketFd } from '#src/send/socket-fd.js';
import { getRequest, RawClient, serve } from '../fixtures/sending.js';
import { waitUntil } from '../fixtures/wait-until.js';

t.test('socketFd returns the descriptor of a connection', async (t) => {
  const seen: unknown[] = [];
  const port = await serve(t, (response) => {
    const fd = socketFd(response);
    seen.push(typeof fd === 'number' && fstatSync(fd).isSocket());
    response.destroy();
    seen.push(socketFd(response));
    return Promise.resolve();
  });
  await new RawClient(t, port).write(getRequest()).closed();
  t.same(seen, [true, null], 'none once it is destroyed');
});

t.test('socketFd returns null without a connection', (t) => {
  t.equal(socketFd(new ServerResponse(new IncomingMessage(new Socket()))), null);
  t.end();
});

t.test('socketFd returns null for a TLS connection', async (t) => {
  const fixture = (name: string): Buffer =>
    readFileSync(new URL(`../../../test/fixtures/${name}`, import.meta.url));
  const fds: unknown[] = [];
  const server = createTlsServer(
    { cert: fixture('tls.crt'), key: fixture('tls.key') },
    (_request, response) => {
      fds.push(socketFd(response));
      response.end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false };
    request(options, (response) => {
      response.resume().on('end', resolve);
    }).end();
  });
  t.same(fds, [null]);
});

t.test('flushed waits for the bytes that Node still has', async (t) => {
  const order: string[] = [];
  const body = 'x'.repeat(32 * 1024 * 1024);
  const port = await serve(t, async (response) => {
    await flushed(response);
    order.push('nothing to wait for');
    response.write(body);
    await flushed(response);
    order.push('flushed');
    t.equal(response.req.socket.writableLength, 0);
    response.end();
  });
  const client = new RawClient(t, port);
  client.write(getRequest());
  await client.until((length) => length > 0);
  order.push('client reads');
  await client.until((length) => length > body.length);
  await waitUntil('the socket is flushed', () => order.length === 3);
  t.same(order, ['nothing to wait for', 'client reads', 'flushed']);
});
