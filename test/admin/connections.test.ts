import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { boundConnections } from '#src/admin/connections.js';
import { listenOn } from '#src/http/exchange/listen.js';

const ASK = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

/** A server of at most two connections that answers when the test says so. */
async function startBounded(t: Test) {
  const open: ServerResponse[] = [];
  const server = createServer((_request, response) => open.push(response));
  boundConnections(server, 2);
  const { port } = await listenOn(server, { host: '127.0.0.1', port: 0 });
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    open,
    connect: async (): Promise<Socket> => {
      const accepted = once(server, 'connection');
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      sockets.push(socket);
      await accepted;
      return socket;
    },
    ask: async (socket: Socket): Promise<void> => {
      const asked = once(server, 'request');
      socket.write(ASK);
      await asked;
    },
  };
}

t.test(
  'a new connection takes the place of the one that has been idle for the longest',
  async (t) => {
    const { open, connect, ask } = await startBounded(t);
    const asking = await connect();
    await ask(asking);
    const idle = await connect();
    const closed = once(idle, 'close');
    const second = await connect();
    await closed;
    t.notOk(asking.destroyed, 'its request runs');
    await ask(second);
    const refused = await connect();
    await once(refused, 'close');
    t.notOk(second.destroyed, 'a connection with a running answer is not closed');
    const answered = once(asking, 'data');
    open[0]?.end('done');
    await answered;
    const third = await connect();
    await once(asking, 'close');
    t.notOk(third.destroyed);
  },
);

t.test('a connection that has sent half a head counts as idle and is closed first', async (t) => {
  const { connect } = await startBounded(t);
  const slow = await Promise.all([connect(), connect()]);
  for (const socket of slow) socket.write('GET / HTTP/1.1\r\nX: ');
  const closed = once(slow[0], 'close');
  const probe = await connect();
  await closed;
  t.notOk(probe.destroyed);
});
