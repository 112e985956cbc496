import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { createListener, type ListenerBounds } from '#src/admin/listener.js';
import { listenOn } from '#src/http/exchange/listen.js';

async function start(t: Test, bounds: ListenerBounds) {
  const server = createListener((_request, response) => response.end('hello'), bounds);
  const { port } = await listenOn(server, { host: '127.0.0.1', port: 0 });
  const open = (): Socket => connect(port, '127.0.0.1').on('error', () => undefined);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, open };
}

t.test('a request head that never ends times out', async (t) => {
  const { open } = await start(t, { headersTimeoutMs: 1 });
  for (const begin of ['', 'GET / HTTP/1.1\r\nX: ']) {
    const socket = open();
    socket.write(begin);
    socket.resume();
    await once(socket, 'close');
  }
  t.pass('both are closed by the server');
});

t.test('the admin server has timeouts and a bound on requests per socket', async (t) => {
  const { server } = await start(t, {});
  t.match(server, {
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 75_000,
    timeout: 90_000,
    maxRequestsPerSocket: 10_000,
  });
});

t.test('beyond the bound on connections idle ones are closed', async (t) => {
  const { open } = await start(t, { maxConnections: 8 });
  const idle = Array.from({ length: 50 }, () => open().resume());
  const closed = idle.slice(0, 42).map((socket) => once(socket, 'close'));
  await Promise.all(closed);
  const probe = open();
  probe.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const [text] = (await once(probe, 'data')) as [Buffer];
  t.match(text.toString(), /^HTTP\/1\.1 200 /);
  for (const socket of idle) socket.destroy();
});
