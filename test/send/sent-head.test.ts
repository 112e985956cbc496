/** That node goes on after a response that it did not write as after any other. */
import { writeSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { allWasSent, headWasSent } from '#src/send/sent-head.js';
import { socketFd } from '#src/send/socket-fd.js';
import { getRequest, RawClient, serve } from '../fixtures/sending.js';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n';

async function served(t: Test, answer: (response: ServerResponse, url: string) => void) {
  const server: Server = createServer((request, response) => {
    answer(response, request.url ?? '');
  });
  Object.assign(server, { httpAllowHalfOpen: true });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, client: new RawClient(t, (server.address() as AddressInfo).port) };
}

function write(response: ServerResponse, text: string): void {
  writeSync(socketFd(response) ?? -1, text);
}

t.test('after an inline answer keep-alive and pipelined requests work', async (t) => {
  const port = await serve(t, (response, { url }) => {
    if (url === '/node') {
      response.end('by node');
      return Promise.resolve();
    }
    t.equal(response.headersSent, false);
    write(response, `${HEAD}ok`);
    allWasSent(response, HEAD);
    t.ok(response.headersSent && response.writableEnded && response.writableFinished);
    return Promise.resolve();
  });
  const client = new RawClient(t, port);
  client.write(getRequest('/a') + getRequest('/b') + getRequest('/node') + getRequest('/c'));
  await client.until(() => client.text.split('\r\n\r\nok').length === 4);
  t.match(client.text, /\nok.*\nok.*by node.*\nok$/s, 'in order');
  client.write(getRequest('/d'));
  await client.until(() => client.text.split('\r\n\r\nok').length === 5);
});

t.test('after an inline answer a client that shut down its side gets the end', async (t) => {
  const { client } = await served(t, (response) => {
    write(response, `${HEAD}ok`);
    allWasSent(response, HEAD);
  });
  client.write(getRequest()).socket.end();
  await client.closed();
  t.ok(client.text.endsWith('ok'));
});

t.test('after an inline answer the idle time of the connection runs', async (t) => {
  const { server, client } = await served(t, (response) => {
    write(response, `${HEAD}ok`);
    allWasSent(response, HEAD);
  });
  server.keepAliveTimeout = 1;
  await client.write(getRequest()).closed();
  t.ok(client.text.endsWith('ok'));
});

t.test('a body can go on after its inline head', async (t) => {
  const port = await serve(t, (response) => {
    write(response, `${HEAD}o`);
    headWasSent(response, HEAD);
    t.ok(response.headersSent && !response.writableEnded);
    setImmediate(() => {
      write(response, 'k');
      response.end();
    });
    return Promise.resolve();
  });
  const client = new RawClient(t, port).write(getRequest() + getRequest());
  await client.until((length) => length >= 2 * (HEAD.length + 2));
  t.equal(client.text, `${HEAD}ok${HEAD}ok`, 'and nothing of node between');
});
