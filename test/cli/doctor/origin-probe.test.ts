import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { probeOrigin } from '#src/cli/doctor/origin-probe.js';
import { systemClock } from '#src/model/time.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { startOrigin } from '../../fixtures/scripted-origin.js';

/** None of these tests waits for it. */
const LONG_MS = 60_000;

t.test('a probe succeeds with any status of the origin', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  const headers = { authorization: 'Bearer x' };
  const probe = await probeOrigin({ url: origin.url, headers }, LONG_MS, systemClock);
  t.match(probe, { kind: 'answered', status: 404, tlsMs: null });
  t.match(origin.requests, [{ method: 'GET', path: '/', range: 'bytes=0-0', headers }]);
  await origin.waitFor(({ openConnections }) => openConnections === 0);
});

t.test('a probe reads the Date field', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  const fields = { Date: 'Thu, 01 Jan 2026 00:00:00 GMT' };
  origin.next([
    { kind: 'status', status: 200 },
    { kind: 'fields', fields },
  ]);
  const probe = await probeOrigin({ url: origin.url, headers: {} }, LONG_MS, systemClock);
  t.match(probe, { status: 200, dateMs: Date.UTC(2026, 0, 1) });
});

t.test('a probe reports the step that failed', async (t) => {
  const fails = (url: string) => probeOrigin({ url, headers: {} }, LONG_MS, systemClock);
  const origin = await startOrigin();
  const secure = await startOrigin({ tls: true });
  t.teardown(() => secure.close());
  origin.next({ kind: 'garbage', bytes: 'nonsense\r\n\r\n' });
  t.match(await fails(origin.url), { kind: 'failed', step: 'response' });
  const { url } = origin;
  await origin.close();
  t.match(await fails(url), { step: 'connection', why: 'ECONNREFUSED' });
  t.match(await fails(secure.url), { step: 'TLS handshake' }, 'nobody vouches for its certificate');
  t.match(await fails('http://nowhere.invalid'), { step: 'name lookup' });
});

t.test('a probe of a silent origin ends at its bound', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  origin.next({ kind: 'hang', afterBytes: -1 });
  const clock = new ManualClock();
  const probing = probeOrigin({ url: origin.url, headers: {} }, 5_000, clock);
  await origin.waitFor(({ requests }) => requests.length === 1);
  clock.advance(5_000);
  t.match(await probing, { step: 'response', why: 'nothing within 5000 ms' });
  t.equal(clock.pendingTimers, 0);
});

t.test('a probe reports an unreachable proxy and one that requires credentials', async (t) => {
  const asking = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n'));
  });
  await new Promise<void>((resolve) => asking.listen(0, '127.0.0.1', resolve));
  t.teardown(() => asking.close());
  const { port } = asking.address() as AddressInfo;
  const by = (url: string, proxyPort: number) => {
    const proxy = {
      url: `http://127.0.0.1:${String(proxyPort)}`,
      authorization: null,
      setting: 'origins[0].proxy',
    };
    const tls = { ca: null, cert: null, key: null };
    const reach = { proxies: { http: proxy, https: proxy }, noProxy: null, tls };
    return probeOrigin({ url, headers: {}, reach }, LONG_MS, systemClock);
  };
  for (const url of ['http://origin.example', 'https://origin.example']) {
    const why = /origins\[0\]\.proxy.*407.*proxyCredentialsFile/;
    t.match(await by(url, port), { kind: 'failed', step: 'proxy', why }, url);
    t.match(await by(url, 1), { step: 'proxy', why: /cannot be reached.*ECONNREFUSED/ }, url);
  }
});
