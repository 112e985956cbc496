import net from 'node:net';
import t, { type Test } from 'tap';
import { openTunnel } from '#src/origin/tunnel.js';

/** A proxy that says `answer` to whatever it is asked first, and what that was. */
async function ask(t: Test, answer: string | null, authorization: string | null = null) {
  let heard = '';
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      if (!heard.endsWith('\r\n\r\n')) return;
      if (answer === null) socket.destroy();
      else socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const { signal } = new AbortController();
  const opened = openTunnel({ socket, authority: 'origin.test:443', authorization, signal });
  return { opened, heard: () => heard };
}

t.test('CONNECT requests the host name, with credentials for the proxy alone', async (t) => {
  const { opened, heard } = await ask(t, 'HTTP/1.1 200 OK\r\n\r\n', 'Basic eA==');
  t.match(await opened, { kind: 'open' });
  t.match(heard(), /^CONNECT origin\.test:443 HTTP\/1\.1\r\n/);
  t.match(heard(), /\r\nproxy-authorization: Basic eA==\r\n/i);
  t.match(heard(), /\r\nhost: origin\.test:443\r\n/i);
});

t.test('a refused CONNECT has the status of the proxy, with or without a body', async (t) => {
  for (const [answer, status] of [
    ['HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nbody', 407],
    ['HTTP/1.0 403 No\r\n\r\n', 403],
    ['HTTP/1.1 302 No\r\nLocation: https://evil.test/\r\n\r\n', 302],
  ] as const) {
    const { opened } = await ask(t, answer);
    t.match(await opened, { kind: 'refused', status });
  }
});

t.test('an invalid or missing answer to CONNECT is an error', async (t) => {
  for (const answer of ['SSH-2.0-x\r\n', null, 'HTTP/1.1 200 OK\r\n\r\nbytes before TLS']) {
    const { opened } = await ask(t, answer);
    await t.rejects(opened, String(answer));
  }
});
