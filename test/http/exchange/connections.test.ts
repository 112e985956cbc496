import { Socket } from 'node:net';
import t from 'tap';
import { ClientConnections, MAX_SURPLUS } from '#src/http/exchange/connections.js';

t.test('connections beyond the bound get 503, further ones are cut', async (t) => {
  const connections = new ClientConnections(2);
  const sockets = Array.from({ length: 2 + MAX_SURPLUS + 1 }, () => new Socket());
  const admissions = sockets.map((socket) => connections.admit(socket));
  t.same(admissions.slice(0, 3), ['admitted', 'admitted', 'surplus']);
  t.equal(admissions.at(-1), 'cut');
  t.equal(connections.count, 2 + MAX_SURPLUS);
  const [first, , third] = sockets;
  t.equal(first !== undefined && connections.isSurplus(first), false);
  t.equal(third !== undefined && connections.isSurplus(third), true);

  const closed = new Promise((resolve) => first?.once('close', resolve));
  first?.destroy();
  await closed;
  t.equal(connections.admit(new Socket()), 'admitted', 'a place is free again');
});

t.test('the named connections are destroyed', async (t) => {
  const connections = new ClientConnections(2);
  const [a, b] = [new Socket(), new Socket()];
  connections.admit(a);
  connections.admit(b);
  const closed = new Promise((resolve) => a.once('close', resolve));
  connections.destroy((socket) => socket === a);
  await closed;
  t.equal(a.destroyed, true);
  t.equal(b.destroyed, false);
  t.equal(connections.count, 1);
});

t.test('a new bound applies from the next connection on', async (t) => {
  const connections = new ClientConnections(1);
  t.equal(connections.admit(new Socket()), 'admitted');
  t.equal(connections.admit(new Socket()), 'surplus');
  connections.setMax(2);
  t.equal(connections.admit(new Socket()), 'admitted');
  connections.setMax(1);
  t.equal(connections.admit(new Socket()), 'surplus');
  t.equal(connections.count, 4, 'those that are open stay');
});
