import t from 'tap';
import { probeOrigin } from '#src/cli/doctor/origin-probe.js';
import { systemClock } from '#src/model/time.js';
import { ManualClock } from '../../fixtures/manual-clock.js';
import { startOrigin } from '../../fixtures/scripted-origin.js';

/** None of these tests waits for it. */
const LONG_MS = 60_000;

t.test('an origin that answers, whatever it answers', async (t) => {
  const origin = await startOrigin();
  t.teardown(() => origin.close());
  const headers = { authorization: 'Bearer x' };
  const probe = await probeOrigin({ url: origin.url, headers }, LONG_MS, systemClock);
  t.match(probe, { kind: 'answered', status: 404, tlsMs: null });
  t.match(origin.requests, [{ method: 'GET', path: '/', range: 'bytes=0-0', headers }]);
  await origin.waitFor(({ openConnections }) => openConnections === 0);
});

t.test('the Date field is read', async (t) => {
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

t.test('each step that can fail is named', async (t) => {
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

t.test('silence has a bound', async (t) => {
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
