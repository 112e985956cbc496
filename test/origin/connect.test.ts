import type { LookupAddress } from 'node:dns';
import net from 'node:net';
import t from 'tap';
import type { ProxyAddress } from '#src/model/reach.js';
import { systemClock } from '#src/model/time.js';
import { connect, readsByItself } from '#src/origin/connect.js';
import { startOrigin } from '../fixtures/scripted-origin.js';

const none = { ca: null, cert: null, key: null };
const through = (url: string, setting = 'HTTPS_PROXY') => {
  const proxy: ProxyAddress = { url, authorization: null, setting };
  return { proxy, tls: none, key: url };
};
const { signal } = new AbortController();

/** A resolver that knows one name. */
const knows =
  (...addresses: string[]) =>
  (
    _name: string,
    _options: unknown,
    callback: (error: null, found: LookupAddress[]) => void,
  ): void => {
    callback(
      null,
      addresses.map((address) => ({ address, family: net.isIP(address) })),
    );
  };

t.test('a host whose first address refuses is reached at its next one', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  const url = `http://two.example:${String(origin.port)}/`;
  const resolve = knows('::1', '127.0.0.2', '127.0.0.1');
  const socket = await connect({ url, addresses: 'any' }, { clock: systemClock, signal, resolve });
  t.equal(socket.remoteAddress, '127.0.0.1');
  socket.destroy();
  const closed = { url: 'http://two.example:1/', addresses: 'any' } as const;
  await t.rejects(connect(closed, { clock: systemClock, signal, resolve }), {
    code: 'origin-connect',
    message:
      /127\.0\.0\.1:1 ECONNREFUSED.*127\.0\.0\.2:1 ECONNREFUSED|127\.0\.0\.2:1 ECONNREFUSED.*127\.0\.0\.1:1 ECONNREFUSED/,
  });
});

t.test('the certificate must match the host name, whatever its address', async (t) => {
  const origin = await startOrigin({ tls: true });
  t.teardown(() => origin.close());
  const options = { clock: systemClock, signal, ca: origin.ca, resolve: knows('127.0.0.1') };
  const at = (host: string) => ({
    url: `https://${host}:${String(origin.port)}/`,
    addresses: 'any' as const,
  });
  (await connect(at('127.0.0.1'), options)).destroy();
  await t.rejects(connect(at('another.example'), options), {
    code: 'origin-tls',
    message: /ALTNAME/,
  });
});

t.test('the target of a proxied connection is checked against the known addresses', async (t) => {
  const reach = through('http://127.0.0.1:1');
  const ask = (host: string, ...known: string[]) =>
    connect(
      { url: `https://${host}/`, addresses: 'public', reach },
      { clock: systemClock, signal, resolve: knows(...known) },
    );
  for (const host of ['10.0.0.1', '[::1]', '169.254.169.254', '2130706433', 'localhost']) {
    await t.rejects(ask(host), {
      code: 'origin-address-refused',
      message: /allowPrivateRedirects/,
    });
  }
  await t.rejects(ask('metadata.google.internal'), { code: 'origin-address-refused' });
  await t.rejects(ask('inner.example', '10.0.0.1'), { code: 'origin-address-refused' });
  await t.rejects(ask('both.example', '8.8.8.8', '10.0.0.1'), { code: 'origin-address-refused' });
  await t.rejects(ask('unknown.example'), { code: 'origin-proxy' }, 'it is for the proxy to know');
  await t.rejects(ask('public.example', '8.8.8.8'), { code: 'origin-proxy' });
});

t.test('Node reads TLS within a tunnel', async (t) => {
  const reach = through('http://127.0.0.1:1');
  t.ok(readsByItself({ url: 'https://a.test/', addresses: 'any', reach }));
  t.notOk(readsByItself({ url: 'http://a.test/', addresses: 'any', reach }));
  t.notOk(readsByItself({ url: 'https://a.test/', addresses: 'any' }));
});
