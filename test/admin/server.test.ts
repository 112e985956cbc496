import { get } from 'node:http';
import t, { type Test } from 'tap';
import { type Admin, createAdmin, type Readiness } from '#src/admin/server.js';
import { Metrics } from '#src/telemetry/metrics.js';

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

async function start(t: Test, readiness: Readiness = { listening: true, cacheDecided: true }) {
  const metrics = new Metrics();
  const options = { address: { host: '127.0.0.1', port: 0 }, metrics, readiness: () => readiness };
  const admin: Admin = createAdmin(options);
  const { port } = await admin.listen();
  t.teardown(() => admin.close());
  const ask = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => {
          const type = response.headers['content-type'];
          resolve({ status: response.statusCode, type, body });
        });
      }).on('error', reject);
    });
  return { ask, metrics, port, admin };
}

t.test('/healthz returns ok and /metrics returns the metrics as text', async (t) => {
  const { ask, metrics } = await start(t);
  t.match(await ask('/healthz'), { status: 200, body: 'ok\n' });
  metrics.requestRejected('loop');
  t.match(await ask('/metrics'), {
    status: 200,
    type: /^text\/plain; version=0.0.4/,
    body: /forebay_rejected_requests_total\{reason="loop"\} 1/,
  });
  t.match(await ask('/nothing'), { status: 404 });
});

t.test('/readyz succeeds only when clients can connect and the cache is decided', async (t) => {
  for (const [listening, cacheDecided, status] of [
    [true, true, 200],
    [false, true, 503],
    [true, false, 503],
  ] as const) {
    const { ask } = await start(t, { listening, cacheDecided });
    const answer = await ask('/readyz');
    t.equal(answer.status, status);
    t.same(JSON.parse(answer.body), { ready: status === 200, listening, cacheDecided });
  }
});

t.test('every path refuses a foreign Host or Origin', async (t) => {
  const { ask } = await start(t);
  for (const path of ['/healthz', '/metrics', '/nothing']) {
    t.match(await ask(path, { host: 'evil.example' }), { status: 403, body: /"host-not-allowed"/ });
  }
  t.match(await ask('/metrics', { origin: 'http://evil.example' }), { status: 403 });
});

t.test('listening on a busy port fails, and close ends the server', async (t) => {
  const { port, admin } = await start(t);
  const second = createAdmin({
    address: { host: '127.0.0.1', port },
    metrics: new Metrics(),
    readiness: () => ({ listening: true, cacheDecided: true }),
  });
  await t.rejects(second.listen(), { name: 'ListenError', code: 'EADDRINUSE' });
  await second.close();
  await admin.close();
});
