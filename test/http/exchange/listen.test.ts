import { createServer } from 'node:net';
import t from 'tap';
import { ListenError, listenOn } from '#src/http/exchange/listen.js';

t.test('listenOn resolves to the address that it got', async (t) => {
  const server = createServer();
  t.teardown(() => server.close());
  const { host, port } = await listenOn(server, { host: '127.0.0.1', port: 0 });
  t.equal(host, '127.0.0.1');
  t.ok(port > 0);
  t.ok(server.emit('error', new Error('accept EMFILE')), 'which does not end the process');
});

t.test('an address that the machine does not have is refused with the reason', async (t) => {
  await t.rejects(listenOn(createServer(), { host: '192.0.2.1', port: 0 }), {
    name: 'ListenError',
    code: 'EADDRNOTAVAIL',
    message: 'cannot listen on 192.0.2.1:0: this machine has no such address',
  });
});

t.test('usual errors of listening are explained', (t) => {
  const address = { host: '::1', port: 80 };
  for (const [code, text] of [
    ['EACCES', /^cannot listen on \[::1\]:80: not permitted/],
    ['ENOTFOUND', /does not resolve/],
    ['EMFILE', /EMFILE/],
  ] as const) {
    const error = new ListenError(address, Object.assign(new Error('x'), { code }));
    t.match(error.message, text);
    t.equal(error.code, code);
  }
  t.equal(new ListenError(address, 'odd').code, 'UNKNOWN');
  t.end();
});
